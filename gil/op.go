package gil

import (
	"fmt"
	"time"
)

// Do is a kind of thing that a thread does.
type Do uint8

const (
	DoEnd        Do = iota // it ends
	DoCompute              // computes, with checkpoints: bytecode
	DoHold                 // computes without a checkpoint: a C function that keeps the lock
	DoRelease              // computes without the lock: a C function that releases it
	DoSleep                // waits for a time, without the lock
	DoPut                  // writes to a queue of the machine's: a pipe. It releases the lock, and never waits
	DoGet                  // reads from one, waiting without the lock until there is something
	DoCheckpoint           // a checkpoint alone
	DoYield                // gives the lock to whoever waits for it
	// The last two are for tasks under a Scheduler alone: a Step cannot name them.
	doPark // waits, without the lock, until something else wakes it
	doMove // goes to the interpreter Queue
)

var doNames = [...]string{
	"ends", "computes", "holds", "releases", "sleeps", "puts", "gets", "checks", "yields",
	"waits", "moves",
}

// String names the kind.
func (d Do) String() string {
	if int(d) < len(doNames) {
		return doNames[d]
	}
	return "unknown"
}

// Op is one thing that a thread does. The zero Op ends it. It is a value, so that a step allocates
// nothing.
type Op struct {
	Do    Do
	For   time.Duration // of DoCompute, DoHold, DoRelease and DoSleep
	Queue int           // of DoPut and DoGet: any number that is not negative
}

// Step is the step form of a thread's code: it is called when the thread has done what the last
// call asked for, and has the lock, and returns what the thread does next. It takes no virtual
// time. A simulation calls all its Steps on one goroutine.
type Step func(now time.Duration) Op

// Cycle returns a Step that does the ops in turn, n times, and ends; 0: for ever. It is for one
// thread of one simulation. It panics when n is negative, or there is nothing to do for ever. The
// Step counts its calls, so one that two threads shared would deal the ops out between them.
func Cycle(n int, ops ...Op) Step {
	if n < 0 || n == 0 && len(ops) == 0 {
		panic(fmt.Sprintf("gil: Cycle(%d) of %d ops", n, len(ops)))
	}
	i := 0
	return func(time.Duration) Op {
		if n > 0 && i == n*len(ops) {
			return Op{}
		}
		i++
		return ops[(i-1)%len(ops)]
	}
}

func (f Step) next(s *sim, _ *vthread) Op { return f(s.now) }

// code is what a thread does. There are four: a Step, a task (strand), a thread of a Workload
// (round), and its arrivals.
//
// next runs at a moment of virtual time, with the thread's lock held if it has one, and must not
// wait.
type code interface {
	next(s *sim, t *vthread) Op
}
