// Package fiber gives reused coroutines: functions that can stop in the middle and go on later, on
// the goroutine of whoever resumes them. A switch costs tens of nanoseconds, since it does not pass
// through the scheduler.
//
// A Pool and its fibers belong to one executor and are used by one goroutine at a time.
package fiber

import (
	"iter"
	"runtime/debug"
	"sync"

	"github.com/quartet-go/quartet/internal/task"
)

// Outcome is how a Resume came back.
type Outcome uint8

const (
	Suspended Outcome = iota // Suspend was called
	Returned                 // the function returned
	Panicked                 // the function panicked: Value and Stack say how
	Exited                   // the function called runtime.Goexit
)

// maxIdle bounds the coroutines that a pool keeps for reuse.
const maxIdle = 256

// Pool makes fibers and keeps ended ones for reuse. Its zero value is ready. Coroutines of
// iter.Pull count as durably blocked in a testing/synctest bubble, so a pool must not serve two
// bubbles.
type Pool struct {
	idle []*Fiber
	// Goroutines that end the coroutines of a Goexit; Close waits for them.
	spoiled sync.WaitGroup
}

// Fiber is one coroutine. Start and Resume are called from outside of it, Suspend from inside.
//
// It is iter.Pull's coroutine: next resumes it, yield suspends it, and a value that passes is the
// outcome. The alternative, a goroutine and two channels, passes through the scheduler at each
// switch.
type Fiber struct {
	Value     any    // what the function panicked with
	Stack     []byte // its stack
	Goroutine int64  // number of the coroutine's goroutine, where the executor has asked for it

	// fn is written by New before the switch, and taken by call after it. next, stop and yield are
	// those of iter.Pull.
	pool  *Pool
	fn    func()
	next  func() (Outcome, bool)
	stop  func()
	yield func(Outcome) bool
}

// New returns a fiber that will run fn at its first Resume. The function is passed by a field, so
// that a coroutine that is reused needs no new closure.
func (p *Pool) New(fn func()) *Fiber {
	if last := len(p.idle) - 1; last >= 0 {
		f := p.idle[last]
		p.idle = p.idle[:last]
		f.fn = fn
		return f
	}
	f := &Fiber{pool: p, fn: fn}
	f.next, f.stop = iter.Pull(f.loop)
	return f
}

// Resume runs the fiber until it suspends or ends. An ended fiber must not be used again. The fiber
// is in the pool again when it returns Returned or Panicked: Value and Stack must be read before
// the next New.
func (f *Fiber) Resume() Outcome {
	outcome, _ := f.next()
	switch outcome {
	case Returned, Panicked:
		f.pool.keep(f)
	case Exited:
		// The exit goes on when the coroutine is stopped, and takes the stopping goroutine with it.
		f.pool.spoiled.Go(f.stop)
	}
	return outcome
}

// Suspend comes back to the resumer, until the next Resume. It is called on the fiber. If the pool
// was closed meanwhile, yield returns at once, and the function goes on as if resumed: Close comes
// only when all fibers have ended.
func (f *Fiber) Suspend() { f.yield(Suspended) }

func (p *Pool) keep(f *Fiber) {
	if len(p.idle) < maxIdle {
		p.idle = append(p.idle, f)
	} else {
		f.stop()
	}
}

// Close stops the idle coroutines. All fibers must have ended. spoiled are the coroutines that a
// Goexit has ended; their goroutines end soon.
func (p *Pool) Close() {
	for _, f := range p.idle {
		f.stop()
	}
	p.idle = nil
	p.spoiled.Wait()
}

// loop is the coroutine. A yield that reports false means that stop was called: the coroutine ends.
func (f *Fiber) loop(yield func(Outcome) bool) {
	f.yield = yield
	for yield(f.call()) {
	}
}

// call runs one function. It recovers a panic, with its stack. A Goexit cannot be recovered: call
// yields from inside the deferred function, so that the resumer returns as usual, and the exit goes
// on when the fiber is stopped.
func (f *Fiber) call() (outcome Outcome) {
	outcome = Exited
	defer func() {
		if outcome == Returned {
			return
		}
		if v := recover(); v != nil {
			f.Value, f.Stack, outcome = v, debug.Stack(), Panicked
			return
		}
		f.yield(Exited)
	}()
	fn := f.fn
	f.fn, f.Value, f.Stack = nil, nil, nil
	task.Unlabel()
	fn()
	return Returned
}
