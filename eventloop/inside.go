package eventloop

import (
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/goid"
	"github.com/quartet-go/quartet/internal/task"
)

// Who calls? The loop's callbacks run on the coroutine that drives it, each task on a coroutine of
// its own, and each coroutine has a goroutine's number. That number is read once for each
// coroutine, and by those who ask: it costs microseconds, more on a deep stack.

// inside reports whether the caller is on the loop's goroutine: in one of its callbacks or tasks.
// While the loop is parked nobody is; that test is free, and covers most callers. Between two Runs
// driver is 0, which is no goroutine's number.
func (l *Loop) inside() bool {
	if l.asleep.Load() {
		return false
	}
	if n := l.current.Load(); n != nil {
		return n.Data.(*strand).goroutine.Load() == goid.Number()
	}
	return l.driver.Load() == goid.Number()
}

// errOwnGoroutine is for whoever would block the loop until the loop has done something.
var errOwnGoroutine = fmt.Errorf("eventloop: a wait for the loop on its own goroutine, without a task's context: %w",
	quartet.ErrDeadlock)

// MayWait returns an error, which is [quartet.ErrDeadlock], where the calling goroutine is the
// loop's own and no task runs on it: a wait for the loop would never end there. A future asks this
// of its executor before a wait; programs need not. It may cost microseconds. It asks for the
// number only if the loop is awake: a wait elsewhere for a parked loop costs a load.
func (l *Loop) MayWait() error {
	if !l.inside() {
		return nil
	}
	if l.cfg.Debug {
		panic(fmt.Sprintf("%v\n\n%s", errOwnGoroutine, goid.Stacks()))
	}
	return errOwnGoroutine
}

// holdsUp reports whether a stop could not end before the caller returns: it is inside, or in
// OnSlow. restWatchdog waits for OnSlow, and the end of the Run waits for restWatchdog.
func (l *Loop) holdsUp() bool {
	return l.inside() || l.dog.reporter.Load() != 0 && l.dog.reporter.Load() == goid.Number()
}

// caller returns the task of the loop that calls, or nil: it is a callback, or a goroutine that is
// not the loop's. The number of the goroutine is asked for, as exchange has to tell a handler from
// the goroutines of its libraries.
func (l *Loop) caller() *task.Node {
	if n := l.current.Load(); n != nil && n.Data.(*strand).goroutine.Load() == goid.Number() {
		return n
	}
	return nil
}

// numberOf returns the number of f's goroutine. The caller is on f. A fiber keeps its goroutine
// over all the tasks that it runs, so that the number is read once.
func numberOf(f *fiber.Fiber) int64 {
	if f.Goroutine == 0 {
		f.Goroutine = goid.Number()
	}
	return f.Goroutine
}
