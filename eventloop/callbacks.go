package eventloop

import "github.com/quartet-go/quartet"

// The queues of a loop, as Event.Detail names them to Config.Callbacks.
const (
	QueueTimers     = "timers"
	QueuePosted     = "posted"
	QueueImmediates = "immediates"
	QueueTicks      = "ticks"
	QueueMicrotasks = "microtasks"
)

// seen tells Config.Callbacks of a callback that has been queued, or is about to be. It returns the
// callback's number, and 0 when nobody looks. No lock is held, since Observe is code of the user's.
// The number is taken before the callback is queued, so numbers of callbacks from several
// goroutines may be queued in another order.
func (l *Loop) seen(queue string) uint64 {
	if l.cfg.Callbacks == nil {
		return 0
	}
	number := l.callbacks.Add(1)
	l.tell(quartet.EventQueued, queue, number)
	return number
}

// dropped tells that the callback will never run. It is told after the unlock, as seen is.
func (l *Loop) dropped(queue string, number uint64) {
	if number != 0 {
		l.cfg.Callbacks.Observe(quartet.Event{
			Kind: quartet.EventEnded, Executor: l.Name(), Task: number, At: l.time(), Failed: true, Detail: queue,
		})
	}
}

// Observe runs on the goroutine that queues, or on the loop; a panic of it is that goroutine's.
func (l *Loop) tell(kind quartet.EventKind, queue string, number uint64) {
	l.cfg.Callbacks.Observe(quartet.Event{Kind: kind, Executor: l.Name(), Task: number, At: l.time(), Detail: queue})
}

// watched returns fn as one whose steps Config.Callbacks sees. Without one fn itself is returned,
// so that an unwatched loop allocates nothing here. The end is told by a deferred call, so that a
// panic or Goexit of fn ends it too.
func (l *Loop) watched(queue string, number uint64, fn func()) func() {
	if number == 0 {
		return fn
	}
	return func() {
		l.tell(quartet.EventStarted, queue, number)
		defer l.tell(quartet.EventEnded, queue, number)
		fn()
	}
}
