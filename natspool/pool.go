package natspool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/propagate"
	"github.com/quartet-go/quartet/internal/task"
)

// Pool sends calls of named functions to nodes. Make one with [New]. All methods may be called from
// any goroutine. It is a [quartet.Executor], and not a Runner: a closure cannot travel.
type Pool struct {
	// Three sorts of goroutine meet here: submitters, the handlers of three subscriptions (each its
	// own goroutine, see listen), and care, which beats. They change records and members under in's
	// lock, and collect all sends and endings in a todo, which do applies after the unlock.
	in  intake.Intake
	cfg Config
	// Set by newPool, and read-only from here to big; nc and js may be used by any goroutine.
	names names
	id    string // made anew by each New: subjects of a pool that died are never heard again
	nc    *nats.Conn
	js    jetstream.JetStream
	out   *outbox
	big   bucket

	born   time.Time
	lastID atomic.Uint64 // numbers calls; with id it names a call among all pools
	subs   subscriptions
	// care alone reads status, wake and quit; done is closed when it has ended.
	status chan nats.Status
	wake   chan struct{}
	quit   chan struct{}
	done   chan struct{}
	once   sync.Once
	aside  sync.WaitGroup // goroutines that ask the server something; leave waits for them

	// Guarded by in's lock. A record leaves the map when its call has ended; one that was abandoned
	// stays until dropAbandonedLocked has its message removed.
	records  map[uint64]*record // every call from launch until it has ended or is forgotten
	members  members
	beat     uint64    // of the pool
	inTouch  time.Time // since when nothing says that the pool was out of reach
	lastTick time.Time
	asking   bool      // the server about the stream
	askedAt  time.Time // when that was last
	refill   time.Duration
	// One timer for all refused calls: the stream is full for all of them alike.
	hurry    *time.Timer                // to send again what the full stream has refused
	hurrying bool                       // it runs
	settled  chan struct{}              // closed when all that was sent is stored: who leaves waits for it
	hearers  map[chan struct{}]struct{} // told of each beat of a node: Nodes waits by it
}

var (
	_ quartet.Executor = (*Pool)(nil)
	_ task.Canceller   = (*host)(nil)
)

// host is the pool as the Host of its calls' nodes. It keeps Cancelled out of Pool's own methods.
type host Pool

// New returns a pool whose calls travel over nc, which stays the caller's: close it after the pool.
// It creates the stream of that Name, or checks the one that is there: a field that differs is an
// error that names it, as is one that is out of range. It waits for the server for as long as
// jetstream's default, 5 s.
func New(nc *nats.Conn, cfg Config) (*Pool, error) {
	if nc == nil {
		return nil, errors.New("natspool: New with a nil connection")
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupTime)
	defer cancel()
	return newPool(ctx, nc, cfg)
}

// setupTime bounds New's requests to the server, and later single ones.
const setupTime = 5 * time.Second

// newPool is New with a bound for its requests; a node's own pool is made by it, too. Whatever
// fails, nothing of the pool is left.
func newPool(ctx context.Context, nc *nats.Conn, cfg Config) (*Pool, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("natspool: %w", err)
	}
	p := &Pool{
		cfg: cfg, names: namesOf(cfg.Name), id: newID(), nc: nc, js: js,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
		born: time.Now(), records: make(map[uint64]*record), members: members{byID: make(map[string]*member)},
		inTouch: time.Now(),
		hearers: make(map[chan struct{}]struct{}),
	}
	p.out = newOutbox(nc, p.id)
	p.big = bucket{js: js, name: p.names.stream, storage: cfg.Storage, replicas: cfg.Replicas}
	p.in.Init(intake.Config{
		Package: "natspool", Name: cfg.Name, Logger: cfg.Logger, Host: (*host)(p), Ready: func() {}, Slots: func() int {
			return 1
		},
		Queue: cfg.Queue, InFlight: cfg.InFlight, Full: cfg.Saturation,
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	})
	if err := p.setUp(ctx); err != nil {
		return nil, err
	}
	if err := p.listen(); err != nil {
		p.subs.drop()
		return nil, fmt.Errorf("natspool: %w", err)
	}
	// Before care begins, which reads it; and hello after listen, so that the nodes' answers are
	// heard.
	p.status = nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	go p.care()
	_ = nc.Publish(p.names.hello(), nil)
	return p, nil
}

// made returns p. It panics if New has not made it.
func (p *Pool) made() *Pool {
	if p == nil || p.nc == nil {
		panic("natspool: a Pool that New has not made")
	}
	return p
}

// setUp sees to it that the stream is there. Pools and nodes all do so, since any of them may be
// the first, or the one that finds the stream gone.
func (p *Pool) setUp(ctx context.Context) error {
	if err := ensureStream(ctx, p.js, &p.cfg, p.names); err != nil {
		return err
	}
	return ensureConsumer(ctx, p.js, &p.cfg, p.names, anyClass)
}

// listen subscribes. The messages of one subject come in order, on one goroutine; those of
// different subjects run beside each other.
func (p *Pool) listen() error {
	return p.subs.listen(p.nc, map[string]nats.MsgHandler{
		p.names.acks(p.id):   p.acknowledged,
		p.names.caller(p.id): p.receive,
		p.names.nodeBeat():   p.hear,
	})
}

// SubmitCall encodes c's input and sends it to the stream. It returns [quartet.ErrClosed],
// [quartet.ErrSaturated], the cause of ctx's end, why the input cannot travel, or
// [nats.ErrConnectionClosed], when c is refused. It waits for room where Config.Saturation is Wait,
// and not for the server: while the connection is down calls are accepted, and sent later. The
// input is copied: the caller may change it afterwards.
func (p *Pool) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("natspool", "SubmitCall", ctx, c)
	if p.made().nc.IsClosed() {
		return fmt.Errorf("natspool: %w", nats.ErrConnectionClosed)
	}
	n := task.Of(ctx, c)
	// All that can fail by the caller's fault fails before the submit, so that an accepted call can
	// be sent.
	r := &record{node: n, call: c, id: p.lastID.Add(1)}
	if f, ok := quartet.As[interface{ Idempotent() bool }](c); ok {
		r.idempotent = f.Idempotent()
	}
	if err := p.streams(r); err != nil {
		return err
	}
	if err := p.fill(r); err != nil {
		return err
	}
	// Before the submit: from then on a cancellation may look for the record.
	n.Data = r
	if err := p.in.SubmitNode(n); err != nil {
		// The refused call's input would lie in the object store for a day.
		p.big.remove(r.message.object)
		return err
	}
	p.launch(r)
	return nil
}

// fill encodes what travels. An input that does not fit into a message goes to the object store
// first, while its caller waits: a call in the stream must be complete.
func (p *Pool) fill(r *record) error {
	enc := &codec{raw: true}
	parent := r.node.Parent()
	m := &r.message
	*m = callMessage{
		caller: p.id, id: r.id, name: r.call.Name(), label: task.LabelOf(parent),
		most: uint64(p.cfg.Attempts),
	}
	var err error
	if m.input, err = r.call.AppendInput(nil, enc); err != nil {
		return err
	}
	m.flags = flagIf(enc.raw, flagRaw) | flagIf(r.idempotent, flagIdempotent) | flagIf(p.cfg.Detached, flagDetached)
	m.flags |= flagIf(r.flow != nil, flagStream)
	m.values = propagate.Append(nil, parent)
	if len(m.input)+messageOverhead+len(m.label)+len(m.values) > int(p.nc.MaxPayload()) {
		if m.object, err = p.big.put(parent, m.input); err != nil {
			return fmt.Errorf("natspool: the input of %q, %d bytes: %w", m.name, len(m.input), err)
		}
		m.flags, m.input = m.flags|flagObject, nil
	}
	return nil
}

func flagIf(set bool, flag uint8) uint8 {
	if set {
		return flag
	}
	return 0
}

// launch sends an accepted call for the first time. It may have been abandoned since the submit.
// The first call of an idle pool has the beats begin. It runs on the submitter's goroutine, after
// the submit.
func (p *Pool) launch(r *record) {
	var out todo
	p.in.Lock()
	// Else it has been abandoned between the submit and now.
	if r.node.State().Pending() {
		if len(p.records) == 0 {
			p.wakeLocked()
		}
		p.records[r.id] = r
		p.sendLocked(r, &out)
	}
	p.in.Commit()
	p.do(&out)
}

// Name returns Config.Name, or its default.
func (p *Pool) Name() string { return p.made().cfg.Name }

// Ahead is how many calls in flight keep the nodes busy: quartet.Map asks for it.
func (p *Pool) Ahead() int {
	p.made().in.Lock()
	defer p.in.Commit()
	// Two without any node known, so that Map goes ahead at all; two for each slot, one that runs
	// and one that waits on the node.
	n := 2
	for _, m := range p.members.byID {
		n += 2 * m.beat.slots
	}
	return n
}

// Stats returns a snapshot of the pool's own numbers. A call counts as running once a node was
// allowed to start it; one that waits on its node counts as running too.
func (p *Pool) Stats() quartet.Stats { return p.made().in.Stats() }

// Shutdown refuses new work and waits until all that was accepted has ended. When ctx ends first,
// it cancels the contexts of the calls that have started, abandons the queued ones with
// [quartet.ErrClosed], and returns ctx's cause without waiting further. At its nil return no
// goroutine or timer of the pool is left, and nothing of it in the stream.
func (p *Pool) Shutdown(ctx context.Context) error {
	if err := p.made().in.Drain(ctx); err != nil {
		return err
	}
	p.leave()
	return nil
}

// Close abandons the queued calls, and cancels the started ones with cause [quartet.ErrClosed]. It
// waits until their nodes say that they have ended, or are lost. Of a Detached pool the calls go
// on; only their futures end. The error is always nil.
func (p *Pool) Close() error {
	if p.made().cfg.Detached {
		p.letGo()
	}
	p.in.CancelAndWait()
	p.leave()
	return nil
}

// letGo ends all futures of a Detached pool, and none of its calls. Calls that no node has been
// allowed to start are forgotten here, and the intake abandons them; their messages stay in the
// stream. Ended futures are no news for the nodes: they run on, and find nobody who fetches the
// result.
func (p *Pool) letGo() {
	var out todo
	p.in.Lock()
	for _, r := range p.records {
		if r.granted() {
			r.message.object = "" // the input stays for the node, or for the next one if that dies
			p.endLocked(r, &out, ending{err: quartet.ErrClosed})
		} else {
			delete(p.records, r.id)
		}
	}
	p.in.Commit()
	p.do(&out)
}

// leave takes the drained pool out of NATS. It runs once; other callers wait for its end. The
// order: beats and status end. Then settle waits until the server has all calls. Then nothing is
// heard any more, and the last words are sent. The purge comes last, after the last publish.
func (p *Pool) leave() {
	p.once.Do(func() {
		close(p.quit)
		<-p.done
		p.nc.RemoveStatusListener(p.status)
		p.settle()
		p.subs.drop()
		p.out.flush()
		if !p.cfg.Detached {
			// Nodes drop results that they keep for this pool, and need not wait LostAfter for it.
			p.sayBeat(true)
			p.purge()
		}
		_ = p.nc.FlushTimeout(time.Second)
		p.unhurry()
		p.aside.Wait()
	})
	<-p.done
}

// settle waits until the server has acknowledged all calls, a Heartbeat at most: a purge could
// overtake one.
func (p *Pool) settle() {
	settled := make(chan struct{})
	p.in.Lock()
	p.settled = settled
	p.settleLocked()
	p.in.Commit()
	enough := time.NewTimer(p.cfg.Heartbeat)
	defer enough.Stop()
	select {
	case <-settled:
	case <-enough.C:
	}
}

// settleLocked ends that when nothing is on its way any more. It walks over all records, but only
// while somebody leaves.
func (p *Pool) settleLocked() {
	for _, r := range p.records {
		if r.state == sending {
			return
		}
	}
	if p.settled != nil {
		close(p.settled)
		p.settled = nil
	}
}

// purge removes the rest of this pool's calls from the stream: nobody would be allowed to start
// them. The filter is the pool's own subjects, so other pools' calls stay.
func (p *Pool) purge() {
	if p.nc.IsConnected() {
		_ = p.nc.Publish("$JS.API.STREAM.PURGE."+p.names.stream, []byte(`{"filter":"`+p.names.callsOf(p.id)+`"}`))
	}
}

// observePanic calls OnPanic with the panic that a future will carry.
func (p *Pool) observePanic(err error) {
	if p.cfg.OnPanic == nil || err == nil {
		return
	}
	if pe := (*quartet.PanicError)(nil); errors.As(err, &pe) || err == quartet.ErrGoexit {
		p.cfg.OnPanic(err)
	}
}
