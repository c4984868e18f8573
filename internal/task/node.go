// Package task holds what every executor of this module shares about one task: its state, its place
// in a queue, and its context. A future embeds a Node.
//
//	                   a turnstile          its turn            Run        Await, Suspend
//	fresh ──> blocked ──> held ──────> ready ──────> claimed ──────> running <────────> waiting
//	  │          │          │            │                              │  ▲               │
//	  └──────────┴──────────┴────────────┤                              │  └── returning <─┘
//	                                     ▼                              ▼
//	                                 abandoned ──────────────────────> ended
//
// Invariant: whoever moves a node from a pending state (the first four) decides its outcome. Only
// the executor's lock moves an accepted one to claimed; Cancel and the end of the submitter's
// context move it to abandoned without the lock, so a node that stands in a queue may have left its
// state. All later moves are the goroutine's that runs the job.
//
// A Node and its Ctx point at each other until the node has ended. Then they let go: a future keeps
// no context, and a context that outlives its task keeps no future.
//
// Executors of other modules never see any of it: to them a future is a plain Task.
package task

import (
	"context"
	"runtime/trace"
	"sync/atomic"
)

// Job is the part of quartet.Task that a Node drives.
type Job interface {
	Run(ctx context.Context)
	Abandon(cause error)
}

// Links make a Node an element of a List. Their zero value means in no list; a List writes both.
type Links struct{ next, prev *Node }

// Node is one task on its way through an executor.
//
// home, ctx and state are atomic, since anybody may look. Outcome belongs to the goroutine that
// runs the job, and the rest to the owner. Its size counts: a future of one word is at most 240
// bytes, and most of them are its node.
type Node struct {
	// The owner's, under its lock.
	Queue, Live Links
	// What the owner alone reads and writes; a goroutine that only has the node looks at State.
	In    *List      // the queue it stands in; nil: in none
	Stile *Turnstile // the first that it has to pass before it may start
	Watch *Watch     // what watches the end of the queued node's context

	Job  Job
	home atomic.Pointer[Home]
	// The submitter may write it before the hand-over, as Do does with its Runner. From then on it
	// is the owner's.
	Data any // the executor's own, of this one task
	ctx  atomic.Pointer[Ctx]

	// 0 doubles as "not measured", so that a stamp costs no flag.
	Stamp int64   // when it was queued, then when it started, on the owner's clock; 0: not measured
	Seq   uint64  // its number at the owner
	label *string // for observers; nil: none

	// It moves by Move, leave and End alone.
	state  atomic.Uint32
	Lane   int32 // the worker, process or thread that runs it; set by the owner before the node starts
	at     int32 // its index in its watch
	Level  int8  // its priority: the lower goes first, 0 is the normal one
	passed int8  // how many turnstiles it has passed
	Flags  Flags
	Outcome
}

// Flags say what a node is. They do not change once it has started. They are written before the
// hand-over, or by the owner before the node starts, and need no lock afterwards.
type Flags uint8

const (
	Leaf     Flags = 1 << iota // without context and future, reused by its owner
	Joined                     // its submitter does nothing until it has ended
	OnCaller                   // it runs on its submitter's goroutine
	Attended                   // its submitter awaits it, and abandons it when its context has ended
)

// Is reports whether the node has the flag.
func (n *Node) Is(f Flags) bool { return n.Flags&f != 0 }

// Outcome is how a job came to its end. The goroutine that runs the job sets it.
type Outcome uint8

const (
	Succeeded Outcome = iota
	Failed            // the function returned an error, or panicked
	Exited            // the function called runtime.Goexit
)

// Fail sets Failed, unless more is known. Then it writes nothing: the job's future has ended, and
// others may read how.
func (o *Outcome) Fail() {
	if *o == Succeeded {
		*o = Failed
	}
}

// Failed reports whether the function did anything but return without an error.
func (o *Outcome) HasFailed() bool { return *o != Succeeded }

// Noder is a Job that brings its own Node.
type Noder interface{ Node() *Node }

// Of returns the node under which job is submitted with ctx: the job's own when ctx is the job's
// own context, else a new one below ctx. Node and Ctx are one allocation. The context decides and
// not the job: a job that is submitted a second time, with another context, must get a second node.
func Of(ctx context.Context, job Job) *Node {
	if c, ok := ctx.(*Ctx); ok {
		if j, ok := job.(Noder); ok && j.Node() == c.node.Load() {
			return j.Node()
		}
	}
	both := &struct {
		Node
		ctx Ctx
	}{}
	both.Init(&both.ctx, ctx, job)
	return &both.Node
}

// Init prepares a zero Node and its zero Ctx for job, with parent around it. A future calls it for
// the node within it. It must be called before n or c are known to anybody else.
func (n *Node) Init(c *Ctx, parent context.Context, job Job) {
	n.Job = job
	n.ctx.Store(c)
	c.init(n, parent)
}

// Context returns the context that the job runs with.
func (n *Node) Context() context.Context {
	if c := n.ctx.Load(); c != nil {
		return c
	}
	return n.without()
}

// without is the context of a node that has none: a leaf, or one that is over.
func (n *Node) without() context.Context {
	if n.Is(Leaf) {
		return context.Background()
	}
	return over
}

// Reset makes n a zero node.
func (n *Node) Reset() { *n = Node{} }

// Parent returns the context around the job's. Its model is that of the task around only when that
// task's end reaches the job; see Submitter. After the end it is a context that is cancelled and
// holds nothing, so that nobody has to ask for nil.
func (n *Node) Parent() context.Context {
	if c := n.ctx.Load(); c != nil {
		return c.parent()
	}
	return n.without()
}

// Submitter returns a context with the end of Parent, in which the submitter of a pending node
// waits as its model does. If the job's context is cut off from the submitter's end, its own still
// ends with Cancel, and has the submitter's model: see Ctx.cut.
func (n *Node) Submitter() context.Context {
	if c := n.ctx.Load(); c != nil && c.cut {
		return c
	}
	return n.Parent()
}

// Outer asks the contexts around the job's. After the end it finds nothing.
func (n *Node) Outer(key any) any {
	if c := n.ctx.Load(); c != nil {
		return c.beyond(key)
	}
	return nil
}

// Name sets what observers see the node as; "": nothing.
func (n *Node) Name(label string) {
	if label != "" {
		own := label // label itself would be an allocation also where it is empty
		n.label = &own
	}
}

// Label returns what observers see the node as.
func (n *Node) Label() string {
	if n.label == nil {
		return ""
	}
	return *n.label
}

// Run runs the job of a claimed node, as a region where an execution trace is being recorded. It
// does not end the node: the caller does, also when the job has panicked or called Goexit.
func (n *Node) Run() {
	if trace.IsEnabled() {
		defer trace.StartRegion(n.Parent(), "quartet task "+n.Label()).End()
	}
	if n.Surrounded() {
		n.Owner().(Surrounder).RunAround(n)
		return
	}
	n.Job.Run(n.Context())
}

// Claim takes the node for running. It reports false when the node has been claimed or is over. A
// held node is not claimable: its turnstile has to let it pass first.
func (n *Node) Claim() bool {
	_, claimed := n.leave(claimable, Claimed)
	return claimed
}

// Begin is for a job that runs at most once: it claims the node where its executor has not, and
// reports whether the caller is the one that runs it. Its executor may have claimed the node, or be
// another module's, which knows no nodes.
func (n *Node) Begin() bool { return (n.State() == Claimed || n.Claim()) && n.Move(Claimed, Running) }

// End ends a node that has started, and its context with it. It also serves a node that is over
// already: executor and future both call it, in either order.
func (n *Node) End() {
	if n.State() != Ended && State(n.state.Swap(uint32(Ended))) != Ended { // to look costs less
		n.letGo(nil)
	}
}

// letGo ends the context of a node that is over, and parts the two. It takes the context out first,
// so that a second caller finds none. Without that a chain of futures would keep the contexts of
// all that ran before.
func (n *Node) letGo(cause error) {
	if c := n.ctx.Swap(nil); c != nil {
		c.end(&n.where().ended, cause)
	}
}

// Abandon ends a node that has not started: its owner drops it. It reports false when the node had
// started or was over. An accepted node is its owner's, which has to take it out of its queue. Of
// one that was never accepted the job is told here. It may be called on any goroutine, and without
// any lock: Drop takes the owner's, and calls user code.
func (n *Node) Abandon(cause error) bool {
	was, mine := n.tryAbandon(cause)
	switch {
	case !mine:
		return false
	case was.Queued():
		n.Owner().Drop(n, cause)
	default:
		n.Job.Abandon(cause)
		n.End()
	}
	return true
}

// TryAbandon ends a node that has not started, without telling anybody. It is for the future
// itself, which knows its outcome and tells its waiters.
func (n *Node) TryAbandon(cause error) bool {
	_, mine := n.tryAbandon(cause)
	return mine
}

// c is loaded first, since whoever sees the node abandoned may end it, and then the context is
// gone.
func (n *Node) tryAbandon(cause error) (was State, mine bool) {
	c := n.ctx.Load()
	if was, mine = n.leave(pending, Abandoned); mine && c != nil {
		c.cancel(cause)
	}
	return was, mine
}

// Cancel abandons the node when it has not started (true), and else cancels its context with cause.
// Where the node runs in another process or on another machine, its host has to be told as well. A
// node that starts between the two steps is seen as started; one that ends between them has no
// context any more.
func (n *Node) Cancel(cause error) bool {
	if n.Abandon(cause) {
		return true
	}
	if c := n.ctx.Load(); c != nil && n.State().Started() {
		c.lifetime().cancel(cause)
		if h, ok := n.Host().(Canceller); ok {
			h.Cancelled(n)
		}
	}
	return false
}

// Helper is a Model that knows what a wait is for: it may start the awaited task, if that is queued
// at its executor, before its elders. A Model of another module cannot be one, and gets a plain
// Suspend.
type Helper interface {
	AwaitTask(ctx context.Context, awaited Awaited) error
}

// KeyHolder is a Model of an executor with keys, asked on the task's goroutine.
type KeyHolder interface {
	HoldsKey() bool
	// Holds reports whether n waits for the key that the task holds.
	Holds(n *Node) bool
}

// Awaited is a future as the one that waits for it sees it. It hides the type of the result, which
// a model need not know.
type Awaited interface {
	Noder
	// Wait blocks the calling goroutine until the future has ended, or ctx has: its cause.
	Wait(ctx context.Context) error
	// Tell has h's listener told once the future has ended. Forget reports whether it prevented
	// that.
	Tell(h *Hook)
	Forget(h *Hook) bool
}
