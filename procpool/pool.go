package procpool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/propagate"
	"github.com/quartet-go/quartet/internal/task"
)

// Pool runs calls of named functions in processes of their own. Make one with [New]. All methods
// may be called from any goroutine, but Close not from inside a task of the pool. It is a
// [quartet.Executor], and not a Runner: a closure cannot travel.
type Pool struct {
	in     intake.Intake
	cfg    Config
	codec  string         // its name
	exited sync.WaitGroup // one per goroutine of the pool

	// Submits read both without the lock; they are written under it, numbers together with names.
	numbers sync.Map    // name of a function → its number, a uint16
	down    atomic.Bool // boot.broken is set
	// Each warning is said once.
	weaker struct{ leash, ledger sync.Once }

	// Guarded by in's lock.
	names   []string // by number
	learned int      // of these, only workers have spoken of
	// adoptLocked changes program and version together. A worker keeps those with which it was
	// started.
	program *wire.Boot // what workers of a reference runtime run; nil: none
	workers []*worker  // by lane; nil: none
	resend  []*call    // given back by a worker, or by its death, in order
	watches map[<-chan struct{}]*ctxWatch
	kept    *ctxWatch // the last that went out of use, for the next call with the same context
	boot    boot
	version int // of program; Reload raises it
	rolling int // how many workers there were when it did
	// stopping refuses a Reload and ends the waits of Ready; ending, set when no call is left, lets
	// nothing start any more.
	stopping bool          // Shutdown or Close has begun
	changed  chan struct{} // closed when a worker comes or goes, or the pool ends; nil: nobody waits
	restarts map[string]uint64
	reloads  chan struct{} // holds a token while one runs
	care     care
	ending   bool
	keys     intake.Keys
	seed     maphash.Seed // of the keys' homes
}

var _ quartet.Executor = (*Pool)(nil)

// New returns a pool. It starts Config.MinWorkers processes and does not wait for them: that is
// Ready's. Where there are no processes it returns [errors.ErrUnsupported], without a call of
// [Init] [ErrNoInit], and in a worker [ErrNested], unless Config.MaxDepth allows it. A field of cfg
// that is out of range is an error that names it. A program that cannot be started shows later, as
// the [ErrCrashLoop] of calls.
func New(cfg Config) (*Pool, error) {
	if !proc.Supported {
		return nil, fmt.Errorf("procpool: %w: this platform has no processes", errors.ErrUnsupported)
	}
	// Before all else: a process that was started as a worker, and does not call Init, would start
	// workers of its own.
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
	cfg.resolve()
	p := &Pool{
		cfg: cfg, codec: codec.Compact, workers: make([]*worker, cfg.Workers),
		watches: make(map[<-chan struct{}]*ctxWatch), keys: make(intake.Keys), seed: maphash.MakeSeed(),
		restarts: make(map[string]uint64), reloads: make(chan struct{}, 1),
	}
	if p.foreign() {
		p.codec = codec.JSON
	}
	var err error
	if p.program, err = cfg.script.load(); err != nil {
		return nil, err
	}
	p.care.every = cfg.period()
	// QueueTimeout does not count before the first worker is up.
	p.care.absentSince = time.Now()
	// From here on the intake's lock guards p. dispatchLocked and slotsLocked are called with it
	// held.
	p.in.Init(intake.Config{
		Package: "procpool", Name: cfg.Name, Logger: cfg.Logger, Host: (*host)(p), Ready: p.dispatchLocked,
		Slots:      p.slotsLocked,
		RejectLate: cfg.RejectLate,
		Queue:      cfg.Queue, InFlight: cfg.InFlight, Full: cfg.Saturation,
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	})
	p.in.Lock()
	p.dispatchLocked() // starts MinWorkers
	p.in.Commit()
	return p, nil
}

// made returns p. It panics if New has not made it.
func (p *Pool) made() *Pool {
	if p == nil || p.in.Name() == "" {
		panic("procpool: a Pool that New has not made")
	}
	return p
}

// foreign: its workers are another program.
func (p *Pool) foreign() bool { return p.cfg.Command != nil }

// SubmitCall encodes c's input and hands it over. It returns [quartet.ErrClosed],
// [quartet.ErrSaturated], [ErrCrashLoop], the cause of ctx's end, or why the input cannot travel,
// when c is refused. It waits for room where Config.Saturation is Wait. The input is copied: the
// caller may change it afterwards.
func (p *Pool) SubmitCall(ctx context.Context, c quartet.Call) error {
	p.made()
	intake.NotNil("procpool", "SubmitCall", ctx, c)
	return p.submit(ctx, c, Normal, nil)
}

func (p *Pool) submit(ctx context.Context, c quartet.Call, level Level, k *key) error {
	_, err := p.submitRecord(ctx, c, level, k)
	return err
}

// submitRecord is submit, and returns what the pool knows of the call.
func (p *Pool) submitRecord(ctx context.Context, c quartet.Call, level Level, k *key) (*call, error) {
	n := task.Of(ctx, c)
	n.Level = int8(level)
	record := &call{node: n, given: c, key: k}
	if f, ok := quartet.As[interface{ Idempotent() bool }](c); ok {
		record.again = f.Idempotent()
	}
	// A wrapper has a node of its own besides its future's: see startableLocked.
	if f, ok := quartet.As[task.Noder](c); ok && f.Node() != n {
		record.inner = f.Node()
	}
	if reader, ok := quartet.As[functions.Reader](c); ok {
		p.streams(record, reader)
	}
	if err := p.fill(record); err != nil {
		return nil, err
	}
	// From the hand-over on the lock guards the record. coming is set before it, as assignLocked
	// asks for it.
	n.Data = record
	joining := joins(record)
	if joining {
		record.comer = comers.Step(record.comer, coming)
	}
	if err := p.in.SubmitNode(n); err != nil {
		return nil, err
	}
	// After the hand-over: a submit that waits for room does not wait for a worker yet.
	if p.cfg.QueueTimeout > 0 {
		p.age(record)
	}
	if joining {
		p.join(record)
	}
	return record, nil
}

// age notes since when a call waits.
func (p *Pool) age(c *call) {
	p.in.Lock()
	defer p.in.Commit()
	c.until = p.care.waitedLocked(time.Now(), &p.cfg).Add(p.cfg.QueueTimeout)
	if c.node.State().Queued() {
		p.care.aging = append(p.care.aging, c)
		p.lookLaterLocked()
	}
}

// maxExt bounds the ext block of a TASK, without propagated values.
const maxExt = wire.MaxLabel + 64

// fill encodes the input of a call, and notes what travels with it. It refuses while workers do not
// come up. Encoding and looking into the context are user code, and need no lock.
func (p *Pool) fill(c *call) (err error) {
	form := codec.Of(p.codec, true, c.node.Is(task.Joined)) // a caller that waits changes no input
	if c.input, err = c.given.AppendInput(c.small[:0], form); err != nil {
		return err
	}
	if limit := p.cfg.MaxFrame - maxExt; len(c.input) > limit {
		return wire.TooLarge(c.given.Name(), len(c.input), limit)
	}
	parent := c.node.Parent()
	if p.down.Load() {
		if err := p.refusal(parent); err != nil {
			return err
		}
	}
	c.raw, c.label = codec.IsRaw(form), task.LabelOf(parent)
	if propagate.Any() {
		if c.values = propagate.Inject(parent); wire.SizeOfValues(c.values) > wire.MaxValues {
			return fmt.Errorf("procpool: the propagated values are %d bytes, beyond %d", wire.SizeOfValues(c.values),
				wire.MaxValues)
		}
		if n, limit := len(c.input)+wire.SizeOfValues(c.values), p.cfg.MaxFrame-maxExt; n > limit {
			return wire.TooLarge(c.given.Name(), n, limit)
		}
	}
	c.deadline, _ = parent.Deadline()
	c.fn, err = p.number(c.given.Name())
	return err
}

// refusal is the error of a submit while workers do not come up. down may have been read just
// before a hello: so it asks again, under the lock.
func (p *Pool) refusal(parent context.Context) error {
	p.in.Lock()
	defer p.in.Commit()
	// A ctx that has ended and a shutdown are refused by the intake, with errors of their own.
	// While a worker lives, it may take the call.
	if parent.Err() != nil || p.in.DrainingLocked() || len(p.liveLocked()) > 0 {
		return nil
	}
	return p.boot.refuseLocked()
}

// number is the number under which workers know a function.
func (p *Pool) number(name string) (uint16, error) {
	if number, ok := p.numbers.Load(name); ok {
		return number.(uint16), nil
	}
	p.in.Lock()
	defer p.in.Commit()
	return p.newNumberLocked(name)
}

// newNumberLocked returns the number of a function, and gives it one where it has none. Numbers are
// never given up: frames may name them as long as the pool lives.
func (p *Pool) newNumberLocked(name string) (uint16, error) {
	if number, ok := p.numbers.Load(name); ok {
		return number.(uint16), nil
	}
	if len(name) > maxName {
		return 0,
			fmt.Errorf("procpool: the name %.100q… of a function is %d bytes, beyond %d", name, len(name), maxName)
	}
	if len(p.names) > math.MaxUint16 {
		return 0, fmt.Errorf("procpool: %q is one function too many: a pool knows %d", name, len(p.names))
	}
	number := uint16(len(p.names))
	p.names = append(p.names, name)
	p.numbers.Store(name, number)
	return number, nil
}

// Ahead is how many calls in flight keep the workers busy, as long as the last ones were:
// quartet.Map asks for it.
func (p *Pool) Ahead() int {
	p.made()
	p.in.Lock()
	defer p.in.Commit()
	n := 2 * p.cfg.Workers
	for _, w := range p.liveLocked() {
		n += 2 * w.window
	}
	return n
}

// Name returns Config.Name, or its default.
func (p *Pool) Name() string { return p.made().in.Name() }

// Stats returns a snapshot of the pool's numbers. A call that was sent to a worker counts as
// running.
func (p *Pool) Stats() quartet.Stats { return p.made().in.Stats() }

// liveLocked returns the workers that are not buried. It is a copy, as workers changes when the
// lock is free.
func (p *Pool) liveLocked() []*worker {
	var live []*worker
	for _, w := range p.workers {
		if w != nil {
			live = append(live, w)
		}
	}
	return live
}

// namesInHello bounds the names that a hello tells, in bytes. A worker hears of the others when it
// is to run them.
const namesInHello = 1 << 20

// helloLocked returns what a new worker is told. BIND tells the names that do not fit, before a
// call of theirs. It is encoded without the lock, since script and modules may be some MiB: nobody
// changes what it refers to. names only grows, and Boot.Keep replaces a field of the program.
func (p *Pool) helloLocked(nonce string, program *wire.Boot, bulk bool) wire.Greeting {
	told, size := 0, 0
	for ; told < len(p.names) && size+len(p.names[told]) <= namesInHello; told++ {
		size += len(p.names[told])
	}
	if program != nil {
		boot := *program
		program = &boot
	}
	return wire.Greeting{
		Magic: wire.Magic, Version: wire.Version, Name: p.Name(), Nonce: nonce, Codec: p.codec,
		Fingerprint: proc.Fingerprint(),
		MaxFrame:    p.cfg.MaxFrame, Concurrency: p.cfg.Concurrency, Functions: p.names[:told],
		Boot: program, Bulk: bulk,
	}
}

func newNonce() string { return rand.Text() }
