// Package task holds what every executor of this module shares about one task: its place in a queue, its state, and its
// context. A future embeds a Node, so that future, queue entry and task context are one allocation.
//
// Executors of other modules never see it: to them a future is a plain Task.
package task

import (
	"context"
	"runtime/trace"
	"sync/atomic"
	"time"
)

// Job is the part of quartet.Task that a Node drives.
type Job interface {
	Run(ctx context.Context)
	Abandon(cause error)
}

// Owner is the executor that accepted a Node.
type Owner interface {
	// Drop forgets a node that will never start, and calls its Abandon.
	Drop(n *Node, cause error)
	// Panicked takes a panic that user code raised around the node. observed: somebody else gets the error too, so that
	// an owner without a hook may let it pass.
	Panicked(err error, observed bool)
}

// State of a Node. It only grows.
type State uint32

const (
	Pending State = iota // not started: it can still be abandoned
	Started              // handed to Run
	Ended                // Run has returned, or it will never start
)

// Links make a Node an element of a List.
type Links struct{ next, prev *Node }

// depthStep bounds a walk up a chain of nested task contexts: every depthStep-th level has a context of its own.
const depthStep = 32

// Node is one task on its way through an executor.
type Node struct {
	// The owner's, under its lock.
	Queue, Live Links
	In          *List      // the queue it stands in; nil: in none
	Leaf        bool       // without context and future, reused by its owner
	Joined      bool       // its submitter does nothing until it has ended
	Waiting     bool       // started, and suspended in Await or Suspend
	Level       int8       // its priority: the lower goes first, 0 is the normal one
	Watch       any        // what watches the end of the queued node's context
	Stile       *Turnstile // what it has to pass before it may start
	Through     *Turnstile // the last one that it has passed

	Job   Job
	Owner Owner
	Host  any // the executor's own, for its Model
	Data  any // likewise, of this one task
	Model any // a quartet.Model, set by the owner before the node starts

	Lane  int    // the worker, process or thread that runs it; set by the owner before the node starts
	Seq   uint64 // its number at the owner
	Label string // for observers

	QueuedAt  time.Time // zero: not sampled
	StartedAt time.Time
	Failed    bool // the function returned an error; written by the goroutine that runs the job

	parent  context.Context
	foreign context.Context // the nearest ancestor that is no task context
	depth   uint32
	state   atomic.Uint32
	life    atomic.Pointer[life]
}

// Noder is a Job that brings its own Node.
type Noder interface{ Node() *Node }

// Of returns the node under which job is submitted with ctx: the job's own when ctx is the job's own context, else a new
// one below ctx.
func Of(ctx context.Context, job Job) *Node {
	if c, ok := ctx.(*Ctx); ok {
		if j, ok := job.(Noder); ok && j.Node() == (*Node)(c) {
			return (*Node)(c)
		}
	}
	n := &Node{}
	n.Init(ctx, job)
	return n
}

// Init prepares a zero Node for job, with parent as the parent of its context.
func (n *Node) Init(parent context.Context, job Job) {
	n.Job, n.parent, n.foreign = job, parent, parent
	if p, ok := parent.(*Ctx); ok {
		n.foreign, n.depth = p.foreign, p.depth+1
		if n.depth%depthStep == 0 {
			n.lifetime()
		}
	}
}

// Context returns the context that the job runs with.
func (n *Node) Context() context.Context { return (*Ctx)(n) }

// Parent returns the context that the job was submitted with.
func (n *Node) Parent() context.Context { return n.parent }

// State returns the node's state.
func (n *Node) State() State { return State(n.state.Load()) }

// Run runs the job of a claimed node, as a region where an execution trace is being recorded.
func (n *Node) Run() {
	if trace.IsEnabled() {
		defer trace.StartRegion(n.foreign, "quartet task "+n.Label).End()
	}
	n.Job.Run(n.Context())
}

// Claim takes the node for running. It reports false when the node has been claimed or has ended.
func (n *Node) Claim() bool { return n.state.CompareAndSwap(uint32(Pending), uint32(Started)) }

// End ends a started node, and its context with it.
func (n *Node) End() {
	n.state.Store(uint32(Ended))
	if l := n.life.Load(); l != nil {
		l.cancel(nil)
	}
}

// Abandon ends a node that has not started: its owner drops it. It reports false when the node had started or ended.
func (n *Node) Abandon(cause error) bool {
	if !n.TryEnd(cause) {
		return false
	}
	if n.Owner != nil {
		n.Owner.Drop(n, cause)
	} else {
		n.Job.Abandon(cause)
	}
	return true
}

// TryEnd ends a node that has not started, without telling anybody.
func (n *Node) TryEnd(cause error) bool {
	if !n.state.CompareAndSwap(uint32(Pending), uint32(Ended)) {
		return false
	}
	if l := n.life.Load(); l != nil {
		l.cancel(cause)
	}
	return true
}

// Cancel abandons the node when it has not started (true), and else cancels its context with cause.
func (n *Node) Cancel(cause error) bool {
	if n.Abandon(cause) {
		return true
	}
	if n.State() != Ended {
		n.lifetime().cancel(cause)
		if c, ok := n.Host.(Canceller); ok {
			c.Cancelled(n)
		}
	}
	return false
}

// Canceller is a Host whose tasks run elsewhere, so that it must be told of the cancellation of a started one.
type Canceller interface {
	Cancelled(n *Node)
}

// Helper is a Model that knows what a wait is for: it may start the awaited task, if that is queued at its executor, before
// its elders.
type Helper interface {
	AwaitTask(ctx context.Context, awaited Awaited) error
}

// Awaited is a future as the one that waits for it sees it.
type Awaited interface {
	Noder
	// Wait blocks the calling goroutine until the future has ended, or ctx has: its cause.
	Wait(ctx context.Context) error
	// Tell has l told once the future has ended. Forget reports whether it prevented that.
	Tell(l Listener)
	Forget(l Listener) bool
}

// Listener is told, on the goroutine that ends a future, that it has ended.
type Listener interface{ Ended() }
