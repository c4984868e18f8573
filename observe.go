package quartet

import (
	"context"
	"runtime/pprof"
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// EventKind is a kind of step of a task.
type EventKind uint8

const (
	// They begin with 1, so that a zero Event is none of them.
	EventQueued    EventKind = iota + 1 // accepted
	EventStarted                        // handed to a goroutine, fiber, process or thread
	EventSuspended                      // waits in Await or Suspend
	EventResumed                        // goes on
	EventEnded                          // has returned, or never will start
	EventNoted                          // something happened to it that changes nothing of the above: Detail says what
)

// String returns the kind's name.
func (k EventKind) String() string {
	switch k {
	case EventQueued:
		return "queued"
	case EventStarted:
		return "started"
	case EventSuspended:
		return "suspended"
	case EventResumed:
		return "resumed"
	case EventEnded:
		return "ended"
	case EventNoted:
		return "noted"
	}
	return "unknown"
}

// Event is one step of a task on an executor. It is a value: an observer may keep it.
//
// The steps of one task are queued, started, then suspended and resumed in turn, then ended; a task
// that never starts is queued and ended. Lane means nothing before the start.
type Event struct {
	Kind     EventKind
	Executor string    // the executor's name: Config.Name
	Lane     int       // the worker, process or thread, from 0; a loop has one
	Task     uint64    // the task's number at this executor, from 1, in the order of acceptance
	Label    string    // what Label said of it
	At       time.Time // when it happened; under a virtual clock, in virtual time
	Failed   bool      // ended by an error, a panic or Goexit, or abandoned
	// the kind of running, waiting or note: one of the Detail words, or one of the executor's own;
	// "" is the usual one
	Detail string
	Peer   uint64 // the number of another task that has to do with it, or 0
}

// The words of Event.Detail for tasks that share a lock, as those of package gil do. Pictures tell
// them apart.
const (
	DetailLock   = "lock"   // suspended: it waits for the lock
	DetailHolds  = "holds"  // runs in a call that keeps the lock
	DetailNative = "native" // runs without the lock
	DetailLost   = "lost"   // noted: it was woken for the lock, and found it taken
	DetailAsks   = "asks"   // noted: it asked the holder, Peer, to drop the lock
	DetailForced = "forced" // noted: it was given the lock that Peer had to drop
)

// TaskStatus is an unfinished task, as the Tasks method of an executor lists it. Its Label is empty
// where nobody watched the executor when the task was submitted.
//
// It is true for the moment at which the executor's lock was held. The task may have gone on since.
type TaskStatus struct {
	Info
	State EventKind // EventQueued, EventStarted (it runs) or EventSuspended (it waits)
	// Since is the time of the start, or of the submit while the task is queued; zero: not
	// measured. Executors measure each task while an observer looks or with Config.ExactTimes, else
	// one in 64.
	Since time.Time
	Held  string // a queued task waits for this key or limit, and not for a slot; "": for a slot
	// Goroutine is the number of the goroutine that runs the task, as stack dumps show it; 0: not
	// known.
	Goroutine int64
}

// Observer sees the steps of an executor's tasks; every executor's Config takes one. Observe is
// called on the goroutine that made the step, outside of all locks, so events of different tasks
// may arrive out of order: At orders them. It must be safe for concurrent use and must not block.
// Without an Observer a step costs one nil check.
//
// A panic of Observe goes to the executor's OnPanic, else it goes on from there.
type Observer interface {
	Observe(e Event)
}

// Info describes a task. Config.Around of every executor gets it.
type Info struct {
	Executor string // the executor's name: Config.Name
	Func     string // the name of the called [Func]; "" for a closure
	Label    string // what [Label] said of it
	Task     uint64 // its number at the executor, from 1, in the order of acceptance
}

// surrounded calls fn, within the Around of the executor that runs n, if that has one. n is the
// task's host and not always its own node: a wrapper's task may hold the future. It is not asked
// for bare tasks: their executor calls Around itself, as they have no error to hand on.
func surrounded(ctx context.Context, n *task.Node, fn func(context.Context) error) error {
	if n == nil || !n.Surrounded() {
		return fn(ctx)
	}
	return n.Owner().(task.Surrounder).Surround(ctx, n, fn)
}

// Label names the tasks that are submitted with the returned context, in events, pictures and the
// goroutine profiles of pprof (label "quartet"). It is an ordinary value of the context, so it is
// inherited by nested tasks, and crosses to no other process but by the executor that sends it.
func Label(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, task.LabelKey, label)
}

// setLabels labels the calling goroutine for the task of n, which runs with ctx, and returns how to
// take the label away again: a worker's goroutine gets none; the submitter's own gets back that of
// the task around, or what its ctx says. It is done around the function and not around the task, so
// that a profile shows the executor's own work apart.
func setLabels(ctx context.Context, n *task.Node) (restore func()) {
	if task.LabelOf(ctx) == "" {
		return func() {}
	}
	pprof.SetGoroutineLabels(profiled(ctx))
	// Labels of a goroutine cannot be read, only set. So those to come back to are made from the
	// contexts around.
	after := context.Background()
	if n == nil {
		return func() {}
	}
	if n.Is(task.OnCaller) {
		if after = n.Parent(); task.Enclosing(after) != nil {
			after = profiled(task.Enclosing(after).Context())
		}
	}
	return func() { pprof.SetGoroutineLabels(after) }
}

// profiled returns ctx with its label as a label of pprof.
func profiled(ctx context.Context) context.Context {
	if label := task.LabelOf(ctx); label != "" {
		return pprof.WithLabels(ctx, pprof.Labels("quartet", label))
	}
	return ctx
}
