package procpool

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// Pool runs calls of named functions in processes of their own. Make one with [New]. All methods may be called from any
// goroutine, but Close not from inside a task of the pool. It is a [quartet.Executor], and not a Runner: a closure cannot
// travel.
type Pool struct {
	in     intake.Intake
	cfg    Config
	codec  string         // its name
	exited sync.WaitGroup // one per goroutine of the pool

	numbers sync.Map    // name of a function → its number, a uint16
	down    atomic.Bool // boot.broken is set

	// Guarded by in's lock.
	names   []string  // by number
	workers []*worker // by lane; nil: none
	resend  []*call   // given back by a worker, or by its death, in order
	watches map[<-chan struct{}]*ctxWatch
	resting *ctxWatch // the last that went out of use: kept for the next call with the same context
	boot    boot
	care    care
	ending  bool
	keys    intake.Keys
	seed    maphash.Seed // of the keys' homes
}

var (
	_ quartet.Executor = (*Pool)(nil)
	_ task.Canceller   = (*Pool)(nil)
)

// New returns a pool; it starts no process yet. Where there are no processes it returns [errors.ErrUnsupported], without
// a call of [Init] [ErrNoInit], and in a worker [ErrNested], unless Config.MaxDepth allows it. A field of cfg that is out
// of range is an error that names it. A program that cannot be started shows later, as the [ErrCrashLoop] of calls.
func New(cfg Config) (*Pool, error) {
	if !supported {
		return nil, fmt.Errorf("procpool: %w: this platform has no processes", errors.ErrUnsupported)
	}
	refuseUnadopted()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Command == nil && !initDone.Load() {
		return nil, ErrNoInit
	}
	if depth := int(workerDepth.Load()); depth > cfg.MaxDepth {
		return nil, fmt.Errorf("%w: this is a worker of depth %d", ErrNested, depth)
	}
	cfg.setDefaults()
	p := &Pool{cfg: cfg, codec: codecCompact, workers: make([]*worker, cfg.Workers), watches: make(map[<-chan struct{}]*ctxWatch), keys: make(intake.Keys), seed: maphash.MakeSeed()}
	if p.foreign() {
		p.codec = codecJSON
	}
	p.care.every = cfg.period()
	p.in.Init(intake.Config{
		Name: "procpool", Host: p, Ready: p.dispatch, Slots: p.slots, RejectLate: cfg.RejectLate,
		Queue: cfg.Queue, InFlight: cfg.InFlight, Full: intake.Full(cfg.Saturation),
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	})
	return p, nil
}

// foreign: its workers are another program.
func (p *Pool) foreign() bool { return p.cfg.Command != nil }

// SubmitCall encodes c's input and hands it over. It returns [quartet.ErrClosed], [quartet.ErrSaturated], [ErrCrashLoop],
// the cause of ctx's end, or why the input cannot travel, when c is refused. It waits for room where Config.Saturation is
// Wait. The input is copied: the caller may change it afterwards.
func (p *Pool) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("procpool", "SubmitCall", c)
	return p.submit(ctx, c, Normal, nil)
}

func (p *Pool) submit(ctx context.Context, c quartet.Call, level Level, k *key) error {
	n := task.Of(ctx, c)
	n.Level = int8(level)
	record := &call{node: n, call: c, key: k}
	if err := p.fill(record); err != nil {
		return err
	}
	n.Data = record
	joining := joins(record)
	record.joined = joining
	if err := p.in.SubmitNode(n); err != nil {
		return err
	}
	if p.cfg.QueueTimeout > 0 {
		p.age(record)
	}
	if joining {
		p.join(record)
	}
	return nil
}

// age notes since when a call waits.
func (p *Pool) age(c *call) {
	p.in.Lock()
	defer p.in.Unlock()
	c.until = time.Now().Add(p.cfg.QueueTimeout)
	if c.node.In != nil {
		p.care.aging = append(p.care.aging, c)
		p.lookLater()
	}
}

// maxExt bounds the ext block of a TASK.
const maxExt = maxLabel + 64

// fill encodes the input of a call, and notes what travels with it. It refuses while workers do not come up.
func (p *Pool) fill(c *call) (err error) {
	codec := codecOf(p.codec, true, false)
	if c.input, err = c.call.AppendInput(c.small[:0], codec); err != nil {
		return err
	}
	if limit := p.cfg.MaxFrame - maxExt; len(c.input) > limit {
		return tooLarge(c.call.Name(), len(c.input), limit)
	}
	parent := c.node.Parent()
	if p.down.Load() {
		if err := p.refusal(parent); err != nil {
			return err
		}
	}
	c.raw, c.label = isRaw(codec), task.LabelOf(parent)
	c.deadline, _ = parent.Deadline()
	c.fn, err = p.number(c.call.Name())
	return err
}

// refusal is the error of a submit while workers do not come up.
func (p *Pool) refusal(parent context.Context) error {
	p.in.Lock()
	defer p.in.Unlock()
	if err := p.boot.refuse(); err != nil && parent.Err() == nil && !p.in.Draining() && len(p.live()) == 0 {
		return err
	}
	return nil
}

// number is the number under which workers know a function.
func (p *Pool) number(name string) (uint16, error) {
	if number, ok := p.numbers.Load(name); ok {
		return number.(uint16), nil
	}
	p.in.Lock()
	defer p.in.Unlock()
	return p.newNumber(name)
}

// newNumber is locked.
func (p *Pool) newNumber(name string) (uint16, error) {
	if number, ok := p.numbers.Load(name); ok {
		return number.(uint16), nil
	}
	if len(p.names) > math.MaxUint16 {
		return 0, fmt.Errorf("procpool: %q is one function too many: a pool knows %d", name, len(p.names))
	}
	number := uint16(len(p.names))
	p.names = append(p.names, name)
	p.numbers.Store(name, number)
	return number, nil
}

// Ahead is how many calls in flight keep the workers busy, as long as the last ones were: quartet.Map asks for it.
func (p *Pool) Ahead() int {
	p.in.Lock()
	defer p.in.Unlock()
	n := 2 * p.cfg.Workers
	for _, w := range p.live() {
		n += 2 * w.window
	}
	return n
}

// Stats returns a snapshot of the pool's numbers. What has been sent to a worker counts as running.
func (p *Pool) Stats() quartet.Stats { return p.in.Stats() }

// Shutdown refuses new work from outside and waits until all that was accepted has ended. When ctx ends first, it
// cancels the contexts of the tasks that have started, abandons the queued ones with [quartet.ErrClosed], and returns
// ctx's cause without waiting further. At its nil return no process, goroutine or timer of the pool is left.
func (p *Pool) Shutdown(ctx context.Context) error {
	if err := p.in.Drain(ctx); err != nil {
		return err
	}
	p.dismiss()
	return nil
}

// Close abandons what is queued and cancels what has started, with cause [quartet.ErrClosed]; workers whose tasks have not
// returned after Config.Grace are killed, with what they have started. It waits until no process, goroutine or timer of
// the pool is left. The error is always nil.
func (p *Pool) Close() error {
	killer := time.AfterFunc(p.cfg.Grace, p.killAll)
	defer killer.Stop()
	p.in.CancelAndWait()
	p.dismiss()
	return nil
}

// killAll ends a Close whose grace is over: calls that are to be resent, too, have no worker to go to.
func (p *Pool) killAll() {
	p.in.Lock()
	workers := p.live()
	p.in.Unlock()
	for _, w := range workers {
		w.kill(quartet.ErrClosed)
	}
}

// live is locked.
func (p *Pool) live() []*worker {
	var live []*worker
	for _, w := range p.workers {
		if w != nil {
			live = append(live, w)
		}
	}
	return live
}

// dismiss ends all workers of a drained pool and waits until they, and their goroutines, are gone.
func (p *Pool) dismiss() {
	p.in.Lock()
	p.ending = true
	p.boot.stop(&p.exited)
	p.rest(nil)
	p.care.stop(p)
	workers := p.live()
	p.in.Unlock()
	killer := time.AfterFunc(p.cfg.Grace, p.killAll)
	defer killer.Stop()
	for _, w := range workers {
		w.dismiss()
	}
	p.exited.Wait()
}

// hello is locked: what a new worker is told, and the number of names in it.
func (p *Pool) hello(nonce string) (greeting, []byte, error) {
	g := greeting{
		Magic: magic, Version: version, Nonce: nonce, Codec: p.codec, Fingerprint: fingerprint(),
		MaxFrame: p.cfg.MaxFrame, Concurrency: p.cfg.Concurrency, Functions: p.names,
	}
	body, err := json.Marshal(g)
	return g, body, err
}

func newNonce() string { return rand.Text() }
