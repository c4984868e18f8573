package quartet

import "time"

// EventKind says what has happened to a task.
type EventKind uint8

const (
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

// Event is one step of a task on an executor.
type Event struct {
	Kind     EventKind
	Executor string    // the executor's package
	Lane     int       // the worker, process or thread, from 0; a loop has one
	Task     uint64    // the task's number at this executor, from 1, in the order of acceptance
	Label    string    // what Label said of it
	At       time.Time // when it happened; under a virtual clock, in virtual time
	Failed   bool      // ended by an error, a panic or Goexit, or abandoned
	// Detail is the sort of running, of waiting or of note, in the executor's own words; "" is the usual one.
	Detail string
	Peer   uint64 // the number of another task that has to do with it, or 0
}

// Observer sees the steps of an executor's tasks; every executor's Config takes one. Observe is called on the goroutine
// that made the step, outside of all locks, so events of different tasks may arrive out of order: At orders them. It
// must be safe for concurrent use and must not block. Without an Observer a step costs one nil check.
type Observer interface {
	Observe(e Event)
}
