// Package intake is the part of the executor contract that does not depend on the model: what is accepted and refused,
// the queue and its bounds, cancellation of what is queued, the two ways to stop, and the numbers. An executor embeds an
// Intake, takes started nodes out of it with Pop or Take, runs them as its model says, and gives them back with End.
//
// Everything is guarded by one lock, which the executor uses for its own state too, so that "accepted" and "started" are
// one decision. Methods whose comment says "locked" are called between Lock and Unlock. No user code runs there: what it
// leads to is put off with After.
package intake

import (
	"context"
	"fmt"
	"runtime/trace"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Config is what an executor's own Config says about its intake. Zero values: Queue unbounded, InFlight 65,536,
// CloseWarning 10 s.
type Config struct {
	Name         string // the executor's package, for messages
	Host         any    // the executor: becomes the Host of each node
	Queue        int
	InFlight     int
	Full         Full
	RejectLate   bool // refuse what would end beyond its deadline; the times of all but leaves are taken then
	Leaves       bool // SubmitFunc takes no lock where it can
	OnPanic      func(error)
	CloseWarning time.Duration
	ExactTimes   bool
	Observer     quartet.Observer
	Now          func() time.Time // default: time.Now
	// Timeless says that time does not pass outside, so that nothing may depend on a timer.
	Timeless bool
	// Free is called locked: for how many queued nodes a start is certain, so that they do not count as
	// waiting. Default: none.
	Free func() int
	// Soon says that such a start comes within a moment, so that the node's context needs no watch.
	Soon bool
	// Blockers is what Close's warning says besides the numbers, as arguments of slog. Default: nothing.
	Blockers func() []any
	// Slots is called locked: how many nodes run at once. Needed for Leaves and RejectLate.
	Slots func() int
	// Calls is called locked: whether consumers of leaves must come back to the executor.
	Calls func() bool
	// Ready is called locked when nodes have been queued, and when all has ended after a stop: the executor may pop nodes.
	Ready func()
}

// Full says what becomes of a submit without room.
type Full uint8

const (
	Wait       Full = iota // it waits
	Reject                 // it is refused
	DropOldest             // the oldest queued node of no higher level makes room, abandoned with ErrDiscarded
)

// The priorities of nodes.
const (
	High   int8 = -1
	Normal int8 = 0
	Low    int8 = 1

	levels = 3
)

// phase says who may still submit.
type phase uint8

const (
	open     phase = iota // everybody
	draining              // tasks of this executor
	closed                // nobody
)

// sampleEvery is how often a node's times are taken without ExactTimes: a clock reading costs more than an empty task.
const sampleEvery = 64

// maxSpare bounds the nodes that are kept for reuse.
const maxSpare = 8192

// Intake is the common part of an executor. Make it with Init.
type Intake struct {
	// What every submit touches, in one line of the processor's cache.
	mu      sync.Mutex
	phase   phase
	roomy   bool // room was made
	fresh   bool // something was queued
	pending int  // accepted and not ended, and callbacks of contexts that still run
	after   []func()
	steps   []step

	cfg       Config
	queues    [levels]task.List // of nodes that may start
	queued    int               // nodes in a list: in queues, or held by a turnstile
	starts    uint64
	runTime   time.Duration // of late, smoothed
	fast      *fastLane     // nil: leaves go through the lock
	live      task.List
	blocked   [2]blockedList // outside, inside
	patience  *time.Timer    // of the blocked ones
	patient   bool           // it runs
	hurried   bool           // it has ended: the next place that comes free is given away
	unblocked []*blockedNode // for reuse
	watches   map[any]*watch
	soon      int    // queued nodes without a watch, as they start soon
	resting   *watch // the last one that went out of use: kept for the next node with the same context
	stats     quartet.Stats
	spare     []*task.Node // leaves
	wakers    []func()
}

// Init prepares a zero Intake. It panics when a size is negative, naming the field.
func (in *Intake) Init(cfg Config) {
	NotNegative(cfg.Name, "Queue", cfg.Queue)
	NotNegative(cfg.Name, "InFlight", cfg.InFlight)
	NotNegative(cfg.Name, "CloseWarning", int(cfg.CloseWarning))
	if cfg.InFlight == 0 {
		cfg.InFlight = 65_536
	}
	if cfg.CloseWarning == 0 {
		cfg.CloseWarning = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Blockers == nil {
		cfg.Blockers = func() []any { return nil }
	}
	if cfg.Free == nil {
		cfg.Free = func() int { return 0 }
	}
	in.cfg, in.live = cfg, task.Alive()
	for level := range in.queues {
		in.queues[level] = task.Queued()
	}
	in.watches = make(map[any]*watch)
	if cfg.Leaves && cfg.Observer == nil && !cfg.ExactTimes {
		in.fast = newFastLane(cfg.Queue)
	}
}

// NotNegative panics when a Config's field is negative.
func NotNegative(pkg, field string, v int) {
	if v < 0 {
		panic(fmt.Sprintf("%s: Config.%s is negative: %d", pkg, field, v))
	}
}

// NotNil panics when t is nil, or a nil func, naming the call.
func NotNil(pkg, call string, t quartet.Task) {
	if f, ok := t.(quartet.TaskFunc); t == nil || ok && f == nil {
		panic(fmt.Sprintf("%s: %s of a nil task", pkg, call))
	}
}

// Lock takes the lock.
func (in *Intake) Lock() { in.mu.Lock() }

// Unlock lets in the blocked submitters for whom there is room by now, offers the executor what is queued, releases the
// lock, and then calls what After was given.
func (in *Intake) Unlock() {
	for in.roomy || in.fresh {
		if in.roomy {
			in.roomy = false
			in.grant()
		}
		if in.fresh {
			in.fresh = false
			in.cfg.Ready()
		}
	}
	in.setGate()
	in.watchLate()
	if len(in.after) == 0 && len(in.steps) == 0 {
		in.mu.Unlock()
		return
	}
	after, events := in.after, in.takeSteps()
	in.after = nil
	in.mu.Unlock()
	for _, e := range events {
		in.observe(e)
	}
	for _, fn := range after {
		fn()
	}
}

// After is locked: fn is called by Unlock, on its goroutine.
func (in *Intake) After(fn func()) { in.after = append(in.after, fn) }

// Submit accepts t under ctx or refuses it. It waits for room as far as ctx allows.
func (in *Intake) Submit(ctx context.Context, t quartet.Task) error {
	return in.SubmitNode(task.Of(ctx, t))
}

// SubmitNode is Submit for a node with its level and turnstile, whose context's end bounds the wait for room.
func (in *Intake) SubmitNode(n *task.Node) error { return in.submitNode(n, in.cfg.Full) }

// TrySubmitNode is SubmitNode that never waits.
func (in *Intake) TrySubmitNode(n *task.Node) error { return in.submitNode(n, Reject) }

func (in *Intake) submitNode(n *task.Node, full Full) error {
	parent := n.Parent()
	within := task.Within(parent, in)
	if in.cfg.Observer != nil || trace.IsEnabled() {
		n.Label = task.LabelOf(parent)
	}
	in.Lock()
	err := in.admit(n, within, full)
	if err != errNoRoom {
		queued := err == nil && n.In != nil && !in.startsSoon(n)
		in.Unlock()
		if queued {
			in.watch(n, parent)
		}
		return err
	}
	in.Unlock()
	return in.waitForRoom(n, within)
}

// admit is locked. errNoRoom: the submitter is to wait.
func (in *Intake) admit(n *task.Node, within *task.Node, full Full) error {
	if parent := n.Parent(); parent.Err() != nil {
		in.stats.Rejected++
		return context.Cause(parent)
	}
	switch {
	case in.phase == closed, in.phase == draining && within == nil:
		in.stats.Rejected++
		return quartet.ErrClosed
	case in.cfg.RejectLate && within == nil && in.late(n):
		in.stats.Rejected++
		return quartet.ErrSaturated
	case in.room(within != nil) && in.blocked[side(within)].Len() == 0,
		full == DropOldest && in.discardOldest(n.Level):
		in.accept(n)
		return nil
	case full != Wait:
		in.stats.Rejected++
		return quartet.ErrSaturated
	}
	return errNoRoom
}

// room is locked.
func (in *Intake) room(inside bool) bool {
	if in.cfg.Queue > 0 && in.backlog() >= in.cfg.Queue+in.cfg.Free() {
		return false
	}
	return inside || in.inFlight() < in.cfg.InFlight
}

func (in *Intake) inFlight() int {
	return int(in.stats.Queued+in.stats.Running+in.stats.Waiting) + in.fast.unfinished()
}

// backlog is locked: how many wait for their start.
func (in *Intake) backlog() int { return in.queued + in.fast.len() }

// accept is locked.
func (in *Intake) accept(n *task.Node) {
	if n.Leaf && in.pushLeaf(n) {
		return
	}
	if in.cfg.ExactTimes || in.cfg.RejectLate || in.stats.Submitted%sampleEvery == 0 {
		n.QueuedAt = in.cfg.Now()
	}
	n.Owner, n.Host = in, in.cfg.Host
	in.stats.Submitted++
	in.stats.Queued++
	in.pending++
	in.queued++
	setStile(n)
	in.enqueue(n)
	if !n.Leaf {
		in.live.Push(n)
	}
	n.Seq = in.stats.Submitted
	in.step(quartet.EventQueued, n)
}

// enqueue is locked: n may start, or is held by a turnstile.
func (in *Intake) enqueue(n *task.Node) {
	if n.Advance() {
		n.In = in.level(n.Level)
		n.In.Push(n)
		in.fresh = true
	}
}

// Take is locked: it takes n out of the queue, as started. It reports false when n is not queued here, or can no longer
// start; one whose context has ended stays for its abandonment, out of the queue.
func (in *Intake) Take(n *task.Node) bool {
	if !in.Startable(n) {
		return false
	}
	in.unqueue(n)
	if !n.Leaf && !in.claim(n) {
		return false
	}
	in.starts++
	in.stats.Queued--
	in.stats.Running++
	if !n.QueuedAt.IsZero() {
		n.StartedAt = in.cfg.Now()
		in.stats.QueueWait.Observe(n.StartedAt.Sub(n.QueuedAt))
	}
	in.step(quartet.EventStarted, n)
	return true
}

// claim is locked.
func (in *Intake) claim(n *task.Node) bool {
	if n.Parent().Err() != nil {
		in.After(func() { n.Abandon(context.Cause(n.Parent())) })
		return false
	}
	return n.Claim() // else Drop is on its way
}

// unqueue is locked.
func (in *Intake) unqueue(n *task.Node) {
	n.In.Remove(n)
	n.In, in.roomy = nil, true
	in.queued--
	if n.Watch != nil {
		in.unwatch(n)
	}
}

// SetWaiting is locked: a started node suspends, or goes on.
func (in *Intake) SetWaiting(n *task.Node, waiting bool) {
	if n.Waiting == waiting {
		return
	}
	n.Waiting = waiting
	if waiting {
		in.lendPlace(n)
		in.stats.Running--
		in.stats.Waiting++
		in.step(quartet.EventSuspended, n)
	} else {
		in.takePlace(n)
		in.stats.Waiting--
		in.stats.Running++
		in.step(quartet.EventResumed, n)
	}
}

// End is locked: the job of n, which Pop or Take gave, has returned.
func (in *Intake) End(n *task.Node) {
	in.SetWaiting(n, false)
	in.stats.Running--
	if n.Failed {
		in.stats.Failed++
	} else {
		in.stats.Done++
	}
	if !n.StartedAt.IsZero() {
		in.ran(in.cfg.Now().Sub(n.StartedAt))
	}
	in.step(quartet.EventEnded, n)
	in.givePlaces(n)
	in.leave(n)
}

// leave is locked.
func (in *Intake) leave(n *task.Node) {
	in.pending--
	in.roomy = true
	in.wakeDrained()
	if n.Leaf {
		in.recycle(n)
	} else {
		in.live.Remove(n)
	}
}

// Drop implements task.Owner: n ended without having started. Its room is free before Abandon is called, its place among
// the unfinished after.
func (in *Intake) Drop(n *task.Node, cause error) {
	in.Lock()
	in.abandoned(n)
	in.Unlock()
	in.Guard(func() { n.Job.Abandon(cause) })
	in.Lock()
	in.leave(n)
	in.Unlock()
}

// abandoned is locked: n has ended without having started.
func (in *Intake) abandoned(n *task.Node) {
	if n.In != nil {
		in.unqueue(n)
	}
	in.givePlaces(n)
	in.stats.Queued--
	in.stats.Abandoned++
	n.Failed = true
	in.step(quartet.EventEnded, n)
}

// Panicked implements task.Owner.
func (in *Intake) Panicked(err error, observed bool) {
	switch {
	case in.cfg.OnPanic != nil:
		in.cfg.OnPanic(err)
	case !observed:
		panic(err)
	}
}

// Guard runs a hook of the user's; its panic goes to OnPanic, else on.
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

// Stats returns a snapshot.
func (in *Intake) Stats() quartet.Stats {
	in.Lock()
	defer in.Unlock()
	s := in.stats
	in.fast.addTo(&s)
	return s
}
