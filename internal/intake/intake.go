// Package intake is the part of the executor contract that does not depend on the model: accepting
// and refusing, the queue and its bounds, cancellation of queued tasks, the two ways to stop, and
// the numbers. An executor has an Intake, takes started nodes out of it with PopLocked or
// TakeLocked, runs them as its model says, and gives them back with EndLocked.
//
// The states of a node are those of package task. Who moves it:
//
//	fresh ──Submit──> blocked   no room: the submitter waits; GrantLocked lets it in
//	fresh, blocked ──accept──> held, ready   the queue: turnstiles hold what a key or limit keeps back
//	held ──────────> ready      its place has come free
//	ready ──Take, Pop──> claimed   the executor has a slot for it
//	pending ──Cancel, end of ctx, DropOldest, Close──> abandoned   and its Abandon is called
//
// # The lock
//
// One lock guards all of it, and the executor's own state too, so that "accepted" and "started" are
// one decision. A function whose name ends in Locked needs it held, and leaves it held. No user
// code runs under it: what a critical section leads to is collected as Effects, which its owner
// runs once it has released the lock:
//
//	in.Lock()
//	in.EndLocked(n)
//	effects := in.SettleLocked()
//	in.Unlock()
//	effects.Run()
//
// or in.Commit() for the last three. Invariant, whenever the lock is free and the effects of the
// last section have run: nobody is blocked for whom there is room, and nothing is ready that a free
// slot could run. A section that changes nothing of the intake's may just Unlock.
package intake

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/late"
	"github.com/quartet-go/quartet/internal/leaf"
	"github.com/quartet-go/quartet/internal/task"
)

// Config is what an executor's own Config says about its intake. Zero values: Queue unbounded,
// InFlight 65,536 or twice Queue, CloseWarning 10 s.
//
// A hook that is "called locked" must not call a method of the Intake that takes the lock, and must
// not run user code: it may move nodes by the methods that end in Locked, and add effects.
type Config struct {
	Package string       // the executor's, for messages
	Name    string       // what events and logs call the executor; default: Package
	Logger  *slog.Logger // default: slog.Default
	Around  Around       // default: none
	// Host stands for the executor in a task's context, also after the task's end.
	Host any // the executor
	// Model makes a quartet.Model of a started node, when its context is asked for one. nil: the
	// node waits as the task around it does.
	Model func(n *task.Node) any
	// Queue 0 is no bound. Free slots come on top, so that a task which starts at once needs no
	// place.
	Queue   int
	NoQueue bool // only what can start at once is accepted
	// InFlight bounds submits from outside only. A submit from inside a task has to pass, or the
	// tasks that fill InFlight could wait for ever for those that they want to submit.
	InFlight int
	// Full is how a submit without room ends, but for TrySubmitNode and SubmitExempt.
	Full         quartet.Saturation
	LateShare    float64
	RejectLate   bool // refuse what would end beyond its deadline; the times of all but leaves are taken then
	Leaves       bool // SubmitFunc takes no lock where it can
	OnPanic      func(error)
	CloseWarning time.Duration
	// ExactTimes has every node stamped. No way past the lock is used then: neither the lane nor
	// the seats take the times of every node.
	ExactTimes bool
	Observer   quartet.Observer
	// Goroutine is called locked: the number of the goroutine that runs a started node, 0 if it is
	// not known. Default: not known.
	Goroutine func(n *task.Node) int64
	// Now is the clock of the stamps. It must not go back.
	Now func() time.Time // default: time.Now
	// AfterFunc tells of the end of a context. Default: context.AfterFunc. It is called without the
	// lock, since it may run user code: a context may have an AfterFunc method of its own.
	AfterFunc func(ctx context.Context, f func()) (stop func() bool)
	// Named has each node know its label, also without an Observer.
	Named bool
	// Timeless says that time does not pass outside, so that nothing may depend on a timer.
	Timeless bool
	// Free is called locked: for how many queued nodes a start is certain, so that they do not
	// count as waiting. Default: none. The sum of free slots and queued nodes decides about room,
	// so a wrong answer makes the queue longer or shorter than Config.Queue.
	Free func() int
	// Soon says that such a start comes within a moment, so that the node's context needs no watch.
	Soon bool
	// MayWait says why a submitter that knows no model must not wait for room. Default: it may. It
	// is asked on the submitter's goroutine, without the lock, before that goroutine would block.
	// The loop refuses on its own goroutine: room comes only when that one goes on.
	MayWait func() error
	// Blockers is what Close's warning says besides the numbers, as arguments of slog. Default:
	// nothing.
	Blockers func() []any
	// Slots is called locked: how many nodes run at once; math.MaxInt: one more could start at
	// once. Default: one.
	Slots func() int
	// Calls is called locked: whether consumers of leaves must come back to the executor.
	Calls func() bool
	// Regained is called locked when a node that wanted its place at a limit back has got it.
	// Needed for limits.
	Regained func(n *task.Node)
	// Consumer is called locked: the consumer that may run a node of that Lane. Default: none. A
	// node in the lane's hands stands in no list, so only its lane number leads to the consumer.
	Consumer func(n *task.Node) *leaf.Consumer
	// Adopted is called locked when a call that has begun without the lock is to be as one that
	// CallLocked began: it needs a slot that is counted, and a lane. Default: calls need the lock.
	Adopted func(n *task.Node)
	// Ready is called locked when nodes have been queued, and when all has ended after a stop: the
	// executor may pop nodes. It is called by SettleLocked, and may be called several times within
	// one section. An executor that starts nodes here must see to all that fit: nobody asks again
	// until something else changes.
	Ready func()
}

// The ways in which a submit without room ends.
const (
	Wait       = quartet.SaturationWait
	Reject     = quartet.SaturationReject
	DropOldest = quartet.SaturationDropOldest
)

// The priorities of nodes.
const (
	High   = int8(quartet.LevelHigh)
	Normal = int8(quartet.LevelNormal)
	Low    = int8(quartet.LevelLow)

	levels = 3
)

// phase says who may still submit. It only grows. Close after Shutdown goes from draining to
// closed.
type phase uint8

const (
	open     phase = iota // everybody
	draining              // tasks of this executor
	closed                // nobody
)

// sampleEvery is how often a node's times are taken without ExactTimes: a clock reading costs more
// than an empty task.
const sampleEvery = 64

// maxSpare bounds the nodes that are kept for reuse.
const maxSpare = 8192

// Intake is the common part of an executor. Make it with Init.
//
// Three things tell where a node is: its own State (package task), the list In in which it stands,
// and the numbers in stats. List and numbers change together, in one section of the lock; the state
// may be ahead of them, as a Cancel needs no lock. The nodes of the lane and of the seats run
// without the lock and stand in no list; adoptLocked brings them in.
type Intake struct {
	home task.Home

	// What every submit touches, in one line of the processor's cache. mu guards it, the fields
	// below, and the nodes that the intake has. Wake-ups, callbacks and events are effects, which
	// run after it was released.
	mu    sync.Mutex
	phase phase
	// Notes of the running section for SettleLocked, which acts on them and clears them.
	roomy bool // room was made
	fresh bool // something was queued
	// A stop waits until pending is 0. It counts more than tasks: a registration at a context, the
	// timer of patient, what an executor holds by HoldLocked.
	pending int // accepted and not ended, and callbacks of contexts that still run
	// The effects belong to the section that holds the lock: SettleLocked hands them to it, and
	// begins an empty list.
	effects Effects
	// Events of this section. They wait here until their nodes' lanes are known: see tellLocked.
	steps []step
	// Written under the lock, read without it by submitters and consumers.
	observers atomic.Pointer[[]*observer] // nil: nobody looks

	cfg Config
	// Set by Init, read-only from then on, like cfg.
	epoch time.Time // of the nodes' stamps
	// An accepted node stands in one of the lists that follow, but for started leaves, the nodes of
	// the lane and the seats, and abandoned ones whose Drop is under way. A held node stands in its
	// turnstile's list too, by its Queue links; held takes the Live links, so that both are
	// possible.
	queues  [levels]task.List // ready nodes
	held    task.List         // held nodes, in the order in which they were accepted
	started task.List         // nodes that run, but leaves
	waiting task.List         // nodes that have started and wait
	// Where Do calls run that began without the lock: from outside, and from inside a task.
	callers  *seats // nil: all calls begin under the lock
	nested   *seats
	stopping atomic.Bool // set before the phase is
	// Starts under the lock: their count decides whose turn it is among the levels. Entries that a
	// consumer of the lane takes by itself are not counted.
	starts   uint64
	punctual punctual
	lane     *leaf.Lane // nil: all goes through the lock
	spilled  uint64     // the last number of a node that is older than what the lane holds
	door     door
	patient  patient
	// By the Done channel and not by the context: contexts that were derived without a cancel of
	// their own share it, and so share a registration.
	watches map[<-chan struct{}]*task.Watch // by Done: those that watch
	resting weak.Pointer[task.Watch]        // the last one that went out of use, for the next node with its context
	// It has no context: it is used as a set from which any node can be removed in constant time.
	soon  task.Watch // queued nodes whose start is certain and near
	stats quartet.Stats
	// Only leaves are reused: a task's node is part of its future's memory or its context's, which
	// a user may keep for as long as he likes.
	spare []*task.Node // leaves
	// Resumes of those who wait in Shutdown or Close. Each is called once, after the unlock.
	wakers []func()
}

// Init prepares a zero Intake. It panics when a size is negative, naming the field. Hooks that are
// missing get a harmless default, so that the code below calls them without a look for nil.
// Adopted, Calls, Regained and Ready have none: an executor that does not set Adopted has no seats,
// and Calls is asked only for seats and the lane.
func (in *Intake) Init(cfg Config) {
	Must(Wrong(cfg.Package, NotNegative("Queue", cfg.Queue), NotNegative("InFlight", cfg.InFlight),
		NotNegative("CloseWarning", cfg.CloseWarning)))
	SetDefault(&cfg.Name, cfg.Package)
	SetDefault(&cfg.InFlight, DefaultInFlight(cfg.Queue))
	SetDefault(&cfg.LateShare, 0.05)
	SetDefault(&cfg.CloseWarning, 10*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.AfterFunc == nil {
		cfg.AfterFunc = context.AfterFunc
	}
	if cfg.MayWait == nil {
		cfg.MayWait = func() error { return nil }
	}
	if cfg.Blockers == nil {
		cfg.Blockers = func() []any { return nil }
	}
	if cfg.Free == nil {
		cfg.Free = func() int { return 0 }
	}
	if cfg.Consumer == nil {
		cfg.Consumer = func(*task.Node) *leaf.Consumer { return nil }
	}
	if cfg.Slots == nil {
		cfg.Slots = func() int { return 1 }
	}
	in.cfg, in.epoch = cfg, cfg.Now()
	in.held, in.started, in.waiting = task.Alive(), task.Alive(), task.Alive()
	for level := range in.queues {
		in.queues[level] = task.Queued()
	}
	in.punctual.judge = late.New(cfg.LateShare)
	in.punctual.due = make(map[*task.Node]due)
	in.watches = make(map[<-chan struct{}]*task.Watch)
	if cfg.Observer != nil {
		in.observers.Store(&[]*observer{{cfg.Observer}})
	}
	in.home.Open(in, cfg.Host, cfg.Model)
	if cfg.Around != nil {
		in.home.Surround()
	}
	if cfg.Leaves && cfg.Observer == nil && cfg.Around == nil && !cfg.ExactTimes {
		in.lane = leaf.New((*leaves)(in), max(1, cfg.Queue))
	}
	in.initCalls()
}

// DefaultInFlight is how many nodes may be unfinished where a Config asks for that Queue, or for
// none, and says nothing of it: a queue is as long as asked for, whatever runs and waits beside it.
func DefaultInFlight(queue int) int {
	const few = 65_536
	if queue <= few/2 {
		return few
	}
	return min(queue, math.MaxInt/2) * 2
}

// Lock takes the lock. Until it is released no call takes a slot without it. A section may count on
// that: a slot that Free reports is free until the section gives it away.
func (in *Intake) Lock() {
	in.mu.Lock()
	if in.callers != nil {
		in.callers.shutLocked()
	}
}

// Unlock releases the lock, and does nothing else. The seats open here and not in Commit, so that a
// section which changes nothing, and so needs no Commit, opens them too.
func (in *Intake) Unlock() {
	in.lendSlotsLocked()
	in.mu.Unlock()
}

// Commit ends a critical section: it settles, releases the lock, and runs the effects. The effects
// run on the calling goroutine, one after the other; one that blocks keeps the rest waiting.
func (in *Intake) Commit() {
	effects := in.SettleLocked()
	in.Unlock()
	effects.Run()
}

// now is the executor's clock, as nodes are stamped with it: never 0. Stamp 0 says that a node is
// not timed, and so a clock that stands at the epoch must not give it.
func (in *Intake) now() int64 { return int64(in.cfg.Now().Sub(in.epoch)) + 1 }

// timeOf returns the time of a stamp.
func (in *Intake) timeOf(stamp int64) time.Time { return in.epoch.Add(time.Duration(stamp - 1)) }

// Stats returns a snapshot. Consumers of the lane and nested calls go on meanwhile. Each number
// that is read of them is added to Submitted and to one of the parts alike, so that the numbers add
// up in any case.
func (in *Intake) Stats() quartet.Stats {
	in.Lock()
	defer in.Unlock()
	s := in.stats
	in.lane.AddToLocked(&s)
	in.addCallsLocked(&s)
	s.Blocked = uint64(in.door.len())
	s.Limit = uint64(in.cfg.Slots())
	return s
}

// Panicked implements task.Owner. It is called on the goroutine that panicked.
func (in *Intake) Panicked(err error, observed bool) {
	switch {
	case in.cfg.OnPanic != nil:
		in.cfg.OnPanic(err)
	case !observed:
		panic(err)
	}
}

// Unseen implements task.Owner.
func (in *Intake) Unseen() *slog.Logger {
	if in.cfg.OnPanic != nil {
		return nil
	}
	return in.Logger().With("executor", in.cfg.Name)
}

// Guard runs a hook of the user's; its panic goes to OnPanic, else on. It does not catch a Goexit:
// a hook that calls runtime.Goexit ends the goroutine that called it.
func (in *Intake) Guard(hook func()) {
	if in.cfg.OnPanic != nil {
		defer func() {
			if v := recover(); v != nil {
				in.cfg.OnPanic(quartet.NewPanicError(v))
			}
		}()
	}
	hook()
}
