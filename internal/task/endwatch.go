package task

import "context"

// EndWatch tells a waiting task of the end of its wait's ctx. It stays from one wait to the next
// with the same ctx, as it costs more than the wait. Its zero value watches nothing; one goroutine
// at a time uses it. A context.AfterFunc allocates, and takes the lock of the context; a task that
// waits a thousand times pays for it once.
type EndWatch struct {
	done <-chan struct{}
	stop func() bool
}

// Waiter is who is told that the ctx with this Done has ended, on a goroutine of its own.
type Waiter interface {
	ContextEnded(done <-chan struct{})
}

// On watches ctx for w, in place of the ctx before; where ctx cannot end there is nothing to watch.
//
// w is told with the Done that it was registered with, so that it can tell a late call for an
// earlier ctx from one for this. It may be called with a ctx that has ended: w is told then at
// once, on another goroutine.
func (e *EndWatch) On(ctx context.Context, w Waiter) {
	done := ctx.Done()
	if done == nil || done == e.done {
		return
	}
	e.Off()
	e.done, e.stop = done, context.AfterFunc(ctx, func() { w.ContextEnded(done) })
}

// Off ends the watch. It reports false when its ctx has ended, so that somebody may still be told.
// The zero watch is off already, and reports true.
func (e *EndWatch) Off() bool {
	if e.stop == nil {
		return true
	}
	stopped := e.stop()
	*e = EndWatch{}
	return stopped
}
