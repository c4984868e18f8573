package eventloop

import (
	"context"
	"runtime"

	"github.com/quartet-go/quartet"
)

// blockers are the functions given to quartet.Block.
type blockers struct {
	running, peak int
	queued        []func()
}

// Block suspends the task while fn runs on another goroutine. A panic or Goexit of fn is the task's.
func (r *run) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !r.mine() {
		fn()
		return nil
	}
	l := r.loop()
	out := outcome{exited: true}
	_ = r.suspend(context.WithoutCancel(ctx), func(w *wait) {
		l.block(func() {
			defer w.wake(resumed, false)
			out.catch(fn)
		})
	})
	out.repeat()
	return nil
}

// outcome is how a blocking function ended.
type outcome struct {
	panicked *quartet.PanicError
	exited   bool
}

func (o *outcome) catch(fn func()) {
	defer func() {
		if v := recover(); v != nil {
			o.panicked = quartet.NewPanicError(v)
		}
	}()
	fn()
	o.exited = false
}

// repeat ends the calling goroutine's function in the same way.
func (o *outcome) repeat() {
	switch {
	case o.panicked != nil:
		panic(o.panicked)
	case o.exited:
		runtime.Goexit()
	}
}

// block runs fn on a goroutine, or queues it when BlockLimit are running.
func (l *Loop) block(fn func()) {
	l.in.Lock()
	defer l.in.Unlock()
	b := &l.blocking
	if l.cfg.BlockLimit > 0 && b.running >= l.cfg.BlockLimit {
		b.queued = append(b.queued, fn)
		return
	}
	b.running++
	b.peak = max(b.peak, b.running)
	go l.blocker(fn)
}

// blocker is the goroutine of a blocking function; it goes on with those that wait for their turn.
func (l *Loop) blocker(fn func()) {
	for fn != nil {
		fn = l.runBlocking(fn)
	}
}

// runBlocking is deferred work, so that a Goexit in fn does not lose a place.
func (l *Loop) runBlocking(fn func()) (next func()) {
	returned := false
	defer func() {
		next = l.nextBlocking()
		if !returned && next != nil {
			go l.blocker(next)
		}
	}()
	fn()
	returned = true
	return nil
}

func (l *Loop) nextBlocking() func() {
	l.in.Lock()
	defer l.in.Unlock()
	b := &l.blocking
	if len(b.queued) == 0 {
		b.running--
		return nil
	}
	fn := b.queued[0]
	b.queued = b.queued[1:]
	return fn
}
