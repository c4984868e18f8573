package eventloop

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Watch has the steps of the tasks sent to o, besides Config.Observer, until stop is called. It
// panics on a nil o. Any goroutine may call it.
func (l *Loop) Watch(o quartet.Observer) (stop func()) {
	l.made()
	return l.in.Watch(o)
}

// Tasks lists unfinished tasks, the first accepted first, at most so many: those that are queued,
// or those that have started. Any goroutine may call it.
func (l *Loop) Tasks(queued bool, most int) []quartet.TaskStatus {
	l.made()
	return l.in.Tasks(queued, most)
}

// goroutineOf returns the number of the coroutine that runs n; 0: not known. It is called under the
// intake's lock, and reads an atomic of the loop's. The number is stored when the strand's fiber
// first runs for the task, and may be the last task's for a moment before.
func goroutineOf(n *task.Node) int64 {
	if s, ok := n.Data.(*strand); ok {
		return s.goroutine.Load()
	}
	return 0
}

// Busy reports on the callback that has the loop now: for how long it is known to run, and the
// stack of its goroutine with the task's name above it. ok is false while the loop is parked, and
// until the watchdog has seen the callback run: a quarter of Config.SlowCallback at most. It costs
// a dump of all stacks. Any goroutine may call it.
func (l *Loop) Busy() (ran time.Duration, stack string, ok bool) {
	l.made()
	l.in.Lock()
	// The open question proves that a callback has run since it was asked, without a reading of the
	// clock for each callback. Under the lock, which guards dog.asked; the stacks are read after
	// it.
	ok = l.running && !l.asleep.Load() && l.attention.Load()&lookAsked != 0
	ran = l.now() - l.dog.asked
	l.in.Unlock()
	if !ok {
		return 0, "", false
	}
	return ran, string(l.slowStacks()), true
}
