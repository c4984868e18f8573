package quartet

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/task"
)

// Future is the result of a task that has been submitted. All methods may be called from any goroutine. What the task
// did is seen after Await, after Done is closed, and after Result gave something else than ErrPending.
//
// Future, task and task context are one allocation.
type Future[T any] struct {
	node  task.Node
	end   ending
	fn    func(context.Context) (T, error)
	value T
	err   error
}

// futureTask is a Future as the executor sees it: the same memory, with methods that Future does not export.
type futureTask[T any] Future[T]

func (t *futureTask[T]) Node() *task.Node { return &t.node }

func (t *futureTask[T]) Run(ctx context.Context) {
	f := (*Future[T])(t)
	f.run(ctx, f.fn)
}

func (t *futureTask[T]) Abandon(cause error) { (*Future[T])(t).fail(cause) }

func (t *futureTask[T]) Wait(ctx context.Context) error { return t.end.block(ctx) }

func (t *futureTask[T]) Tell(l task.Listener) { t.end.add(l) }

func (t *futureTask[T]) Forget(l task.Listener) bool { return t.end.remove(l) }

// run ends f with what fn returns, panics with or exits by.
func (f *Future[T]) run(ctx context.Context, fn func(context.Context) (T, error)) {
	if !f.node.Claim() && f.node.State() == task.Ended || !f.end.begin() {
		return
	}
	f.fn = nil // nothing of the closure is kept alive by the result
	returned := false
	defer func() {
		if !returned {
			f.unwind(recover())
		}
		f.node.Failed = f.err != nil
		f.node.End()
		f.end.fire(&f.node)
	}()
	restore := setLabels(ctx, &f.node)
	defer restore()
	f.value, f.err = fn(ctx)
	returned = true
}

// unwind records how fn left without returning.
func (f *Future[T]) unwind(value any) {
	f.err = ErrGoexit
	if value != nil {
		f.err = NewPanicError(value)
	}
	if o := f.node.Owner; o != nil {
		o.Panicked(f.err, true)
	}
}

// fail ends f without having run.
func (f *Future[T]) fail(err error) {
	f.node.TryEnd(err)
	f.settle(*new(T), err)
}

// settle ends f with an outcome that was not produced by run. The first one stays.
func (f *Future[T]) settle(value T, err error) {
	if !f.end.begin() {
		return
	}
	f.value, f.err = value, err
	f.node.Failed = err != nil
	f.node.End()
	f.end.fire(&f.node)
}

// Await waits until f has ended and returns its result. It waits as the caller's model waits: ctx says which task
// waits, and bounds the wait, not the task: its end is returned as its cause. A future that has ended wins over a ctx
// that has.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	if !f.end.ended() {
		if err := f.wait(ctx); err != nil && !f.end.ended() {
			return *new(T), err
		}
	}
	return f.value, f.err
}

func (f *Future[T]) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if own := f.node.Context(); f.node.State() == task.Pending && own.Err() != nil {
		f.node.Abandon(context.Cause(own))
	}
	m := modelOf(ctx)
	if m == nil {
		return f.end.block(ctx)
	}
	if h, ok := m.(task.Helper); ok {
		return h.AwaitTask(ctx, (*futureTask[T])(f))
	}
	var stop func() bool
	err := m.Suspend(ctx, func(resume func()) { stop = f.OnDone(resume) })
	if err != nil && stop != nil {
		stop()
	}
	return err
}

// Done returns a channel that is closed when f has ended. The channel is made when it is asked for.
func (f *Future[T]) Done() <-chan struct{} { return f.end.channel() }

// Result returns the result without waiting: [ErrPending] before the end.
func (f *Future[T]) Result() (T, error) {
	if !f.end.ended() {
		return *new(T), ErrPending
	}
	return f.value, f.err
}

// OnDone has fn called once, on the goroutine that ends the future, or at once if it has ended: fn must not block. stop
// reports whether it prevented the call. A panic in fn goes to the executor's OnPanic, else it crashes the program.
func (f *Future[T]) OnDone(fn func()) (stop func() bool) {
	if fn == nil {
		panic("quartet: Future.OnDone of a nil func")
	}
	hook := &onDone{fn}
	f.end.add(hook)
	return func() bool { return f.end.remove(hook) }
}

type onDone struct{ fn func() }

func (h *onDone) Ended() { h.fn() }

// Cancel abandons the task if it has not started: true, it will never run and Await returns cause. Else it returns
// false, and the context of a running task is cancelled with cause. A nil cause is [context.Canceled].
func (f *Future[T]) Cancel(cause error) bool {
	if cause == nil {
		cause = context.Canceled
	}
	if f.end.ended() {
		return false
	}
	return f.node.Cancel(cause)
}

// ending is the part of a future that says when.
type ending struct {
	state atomic.Uint32 // open, closing (the outcome is being written), ended
	mu    sync.Mutex
	latch sync.WaitGroup // for waiters whose ctx cannot end: costs no allocation
	armed bool
	done  chan struct{}
	hooks []task.Listener
}

const (
	endingOpen uint32 = iota
	endingBegun
	endingEnded
)

func (e *ending) ended() bool { return e.state.Load() == endingEnded }

// begin makes the caller the one that writes the outcome.
func (e *ending) begin() bool { return e.state.CompareAndSwap(endingOpen, endingBegun) }

// fire publishes the outcome and calls the hooks. A hook that panics is reported to n's owner.
func (e *ending) fire(n *task.Node) {
	e.mu.Lock()
	e.state.Store(endingEnded)
	hooks := e.hooks
	e.hooks = nil
	if e.done != nil {
		close(e.done)
	}
	if e.armed {
		e.latch.Done()
	}
	e.mu.Unlock()
	for len(hooks) > 0 {
		hooks = callFirst(n, hooks)
	}
}

// callFirst calls the first hook. One that calls Goexit does not keep the others from being called.
func callFirst(n *task.Node, hooks []task.Listener) (rest []task.Listener) {
	rest = hooks[1:]
	returned := false
	defer func() {
		switch v := recover(); {
		case v != nil:
			report(n, NewPanicError(v))
		case !returned:
			for len(rest) > 0 {
				rest = callFirst(n, rest)
			}
		}
	}()
	hooks[0].Ended()
	returned = true
	return rest
}

// report hands a panic of a hook to n's owner; without one it goes on as a panic.
func report(n *task.Node, err *PanicError) {
	if n.Owner == nil {
		panic(err)
	}
	n.Owner.Panicked(err, false)
}

// add has hook called at the end, or at once if that has been.
func (e *ending) add(hook task.Listener) {
	e.mu.Lock()
	if e.ended() {
		e.mu.Unlock()
		hook.Ended()
		return
	}
	e.hooks = append(e.hooks, hook)
	e.mu.Unlock()
}

// remove reports whether it prevented the call of hook.
func (e *ending) remove(hook task.Listener) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.Index(e.hooks, hook)
	if i >= 0 {
		e.hooks = slices.Delete(e.hooks, i, i+1)
	}
	return i >= 0
}

func (e *ending) channel() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done == nil {
		e.done = make(chan struct{})
		if e.ended() {
			close(e.done)
		}
	}
	return e.done
}

// block waits on the calling goroutine.
func (e *ending) block(ctx context.Context) error {
	if task.YieldUntil(e.ended, task.ParkYields) {
		return nil
	}
	if ctx.Done() != nil {
		select {
		case <-e.channel():
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	e.mu.Lock()
	if e.ended() {
		e.mu.Unlock()
		return nil
	}
	if !e.armed {
		e.armed = true
		e.latch.Add(1)
	}
	e.mu.Unlock()
	e.latch.Wait()
	return nil
}
