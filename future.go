package quartet

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/task"
)

// Future is the result of a task that has been submitted. All methods may be called from any
// goroutine. What the task did is seen after Await, after Done is closed, and after Result gave
// something else than ErrPending.
//
// Future and task are one allocation, and so is the task's context where the context around holds
// nothing.
//
// The fields are guarded by what the node's state says: until it has begun, nobody but the
// submitter writes fn; while the function runs, value and err are the running goroutine's; from
// Ended on all of it is read-only. hooks' lock makes the last step one with taking the hooks.
type Future[T any] struct {
	node  task.Node
	hooks task.Hooks
	fn    func(context.Context) (T, error)
	value T
	err   error
}

// bundle is a Future with its task's context.
type bundle[T any] struct {
	Future[T]
	ctx task.Ctx
}

// place returns memory for a future and for its task's context below ctx. The two are one
// allocation only where ctx holds nothing: an ended future keeps nothing of ctx, and a context that
// outlives its task keeps the values, so neither may hold the other's memory.
func place[T any](ctx context.Context) (*Future[T], *task.Ctx) {
	if holdsNothing(ctx) {
		b := &bundle[T]{}
		return &b.Future, &b.ctx
	}
	return &Future[T]{}, &task.Ctx{}
}

// holdsNothing reports whether ctx is known to have neither values nor an end.
func holdsNothing(ctx context.Context) bool {
	return ctx == context.Background() || ctx == context.TODO()
}

// futureTask is a Future as the executor sees it: the same memory, with methods that Future does
// not export.
type futureTask[T any] Future[T]

func (t *futureTask[T]) Node() *task.Node { return &t.node }

func (t *futureTask[T]) Run(ctx context.Context) {
	if (*Future[T])(t).begin(ctx) {
		(*Future[T])(t).run(ctx, t)
	}
}

// call calls the function, and keeps nothing of the closure alive.
func (t *futureTask[T]) call(ctx context.Context) (T, error) {
	fn := t.fn
	t.fn = nil
	return fn(ctx)
}

func (t *futureTask[T]) Abandon(cause error) { (*Future[T])(t).fail(cause) }

func (t *futureTask[T]) Wait(ctx context.Context) error { return (*Future[T])(t).block(ctx) }

func (t *futureTask[T]) Tell(h *task.Hook) { (*Future[T])(t).add(h) }

func (t *futureTask[T]) Forget(h *task.Hook) bool { return (*Future[T])(t).remove(h) }

// function is what a future runs; an interface, since a func value that went to the heap would be
// an allocation.
type function[T any] interface {
	call(ctx context.Context) (T, error)
}

// begin makes the caller the one that runs f. It reports false when f has run, or never will.
func (f *Future[T]) begin(ctx context.Context) bool {
	if f.node.Begin() {
		return true
	}
	if host := hostOf(ctx); host != nil && host != &f.node {
		host.Fail() // what held f has started, and f never will
	}
	return false
}

// run ends f, whose node has begun, with what fn returns, panics with or exits by. It runs on the
// goroutine of the task. The deferred function runs in all three cases: a return, a panic, a
// Goexit. The owner is told before the waiters, so that OnPanic has been called before anybody sees
// the result.
func (f *Future[T]) run(ctx context.Context, fn function[T]) {
	host := f.host(ctx)
	returned := false
	defer func() {
		if !returned {
			f.unwind(host, recover())
		}
		f.noteUnseen(host)
		f.settle(f.value, f.err)
		if host != nil && host != &f.node {
			host.Outcome = f.node.Outcome
		}
	}()
	restore := setLabels(ctx, host)
	defer restore()
	if host != nil && host.Surrounded() {
		f.runAround(ctx, host, fn)
	} else {
		f.value, f.err = fn.call(ctx)
	}
	returned = true
}

// unwind records how fn left without returning.
func (f *Future[T]) unwind(host *task.Node, value any) {
	if value != nil {
		f.err = NewPanicError(value)
	} else {
		f.err = ErrGoexit
		f.node.Outcome = task.Exited
	}
	if host != nil {
		host.Owner().Panicked(f.err, true)
	}
}

// host returns the node that an executor runs f under: f's own, or that of the task which holds f;
// nil: none.
func (f *Future[T]) host(ctx context.Context) *task.Node {
	if f.node.Owner() != nil {
		return &f.node
	}
	return hostOf(ctx)
}

// hostOf returns the node of the task that runs with ctx; nil: no executor of this module runs it.
func hostOf(ctx context.Context) *task.Node {
	if n := task.Enclosing(ctx); n != nil && n.Owner() != nil {
		return n
	}
	return nil
}

// runAround calls fn within the Around of host's executor.
func (f *Future[T]) runAround(ctx context.Context, host *task.Node, fn function[T]) {
	f.err = surrounded(ctx, host, func(ctx context.Context) (err error) {
		f.value, err = fn.call(ctx)
		return err
	})
}

// fail ends f without having run.
func (f *Future[T]) fail(err error) {
	f.node.TryAbandon(err)
	if f.node.State() == task.Abandoned {
		f.settle(*new(T), err)
	}
}

// resolve ends f with what an executor says of it.
func (f *Future[T]) resolve(value T, err error) {
	f.settle(value, err)
	if f.node.Owner() != nil {
		f.noteUnseen(&f.node)
	}
}

// noteUnseen has a panic logged, once, that no hook of host's executor has seen and nobody asks f
// for.
func (f *Future[T]) noteUnseen(host *task.Node) {
	p, panicked := f.err.(*PanicError)
	if !panicked || host == nil {
		return
	}
	if log := host.Owner().Unseen(); log != nil {
		runtime.AddCleanup(f, logUnseen, unseenPanic{p, log})
	}
}

// settle ends f with an outcome, and calls the hooks. The first one stays. The hooks run after the
// unlock, on this goroutine, the oldest first.
func (f *Future[T]) settle(value T, err error) {
	f.hooks.Lock()
	if f.ended() {
		f.hooks.Unlock()
		return
	}
	f.fn, f.value, f.err = nil, value, err
	if err != nil {
		f.node.Fail()
	}
	f.node.End()
	hook := f.hooks.TakeLocked()
	f.hooks.Unlock()
	for hook != nil {
		hook = f.call(hook)
	}
}

// call calls the first hook and returns the next. One that calls Goexit does not keep the others
// from being called. A panic is reported and the next hook is called by settle. A Goexit cannot be
// stopped, so the rest is called here, from the deferred function.
func (f *Future[T]) call(hook *task.Hook) (next *task.Hook) {
	l := hook.Listener
	next = hook.Next()
	returned := false
	defer func() {
		switch v := recover(); {
		case v != nil:
			f.report(NewPanicError(v))
		case !returned:
			for next != nil {
				next = f.call(next)
			}
		}
	}()
	l.Ended()
	returned = true
	return next
}

// report hands a panic of a hook to the owner; without one it goes on as a panic.
func (f *Future[T]) report(err *PanicError) {
	o := f.node.Owner()
	if o == nil {
		panic(err)
	}
	o.Panicked(err, false)
}

// made panics when f is nil, or no submit has made it.
func (f *Future[T]) made(call string) {
	if f == nil || f.node.Job == nil {
		panic("quartet: Future." + call + " of a Future that no submit has made")
	}
}

func (f *Future[T]) ended() bool { return f.node.State() == task.Ended }

// Await waits until f has ended and returns its result. It waits as the caller's model waits: ctx
// says which task waits, and bounds the wait, not the task: its end is returned as its cause. A
// future that has ended wins over a ctx that has.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	f.made("Await")
	if ctx == nil {
		panic("quartet: Future.Await with a nil Context")
	}
	if err := f.join(ctx); err != nil {
		return *new(T), err
	}
	return f.outcome()
}

// join waits until f has ended. An error is that of the wait; then f has not ended.
func (f *Future[T]) join(ctx context.Context) error {
	if f.ended() {
		return nil
	}
	if err := f.wait(ctx); err != nil && !f.ended() {
		return err
	}
	return nil
}

// outcome is what f, which has ended, ended with. Whoever asks for it has seen the panic.
func (f *Future[T]) outcome() (T, error) {
	if p, ok := f.err.(*PanicError); ok {
		atomic.StoreUint32(&p.seen, 1)
	}
	return f.value, f.err
}

// A pending task whose own context has ended is abandoned here, on the waiter's goroutine: so a
// queue that nobody serves does not keep a waiter whose task can never start.
func (f *Future[T]) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if own := f.node.Parent(); f.node.State().Pending() && own.Err() != nil {
		f.node.Abandon(context.Cause(own))
	}
	m := modelOf(ctx)
	if m == nil {
		return f.block(ctx)
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

// block waits on the calling goroutine, where f's executor allows it.
func (f *Future[T]) block(ctx context.Context) error {
	if task.YieldUntil(f.ended, task.ParkYields) {
		return nil
	}
	if h, ok := f.node.Host().(task.Waitable); ok {
		if err := h.MayWait(); err != nil {
			return err
		}
	}
	p := f.node.Parker()
	f.add(&p.Hook)
	err := p.Wait(ctx, f.remove)
	f.node.Keep(p)
	return err
}

// Done returns a channel that is closed when f has ended. The channel is made when it is asked for.
func (f *Future[T]) Done() <-chan struct{} {
	f.made("Done")
	f.hooks.Lock()
	defer f.hooks.Unlock()
	if h := f.hooks.NewestLocked(); h != nil && h.Stays {
		return h.Listener.(doneHook)
	}
	done := make(doneHook)
	if f.ended() {
		close(done)
	} else {
		f.hooks.AddLocked(&task.Hook{Listener: done, Stays: true})
	}
	return done
}

type doneHook chan struct{}

func (h doneHook) Ended() { close(h) }

// Result returns the result without waiting: [ErrPending] before the end.
func (f *Future[T]) Result() (T, error) {
	f.made("Result")
	if !f.ended() {
		return *new(T), ErrPending
	}
	return f.outcome()
}

// OnDone has fn called once, on the goroutine that ends the future, or at once if it has ended: fn
// must not block. stop reports whether it prevented the call. A panic in fn goes to the executor's
// OnPanic, else it crashes the program.
func (f *Future[T]) OnDone(fn func()) (stop func() bool) {
	if fn == nil {
		panic("quartet: Future.OnDone of a nil func")
	}
	f.made("OnDone")
	hook := &task.Hook{Listener: onDone(fn)}
	f.add(hook)
	return func() bool { return f.remove(hook) }
}

type onDone func()

func (fn onDone) Ended() { fn() }

// add has hook called at the end, or at once if that has been.
func (f *Future[T]) add(hook *task.Hook) {
	f.hooks.Lock()
	if f.ended() {
		f.hooks.Unlock()
		hook.Listener.Ended()
		return
	}
	f.hooks.AddLocked(hook)
	f.hooks.Unlock()
}

// remove reports whether it prevented the call of hook.
func (f *Future[T]) remove(hook *task.Hook) bool {
	f.hooks.Lock()
	defer f.hooks.Unlock()
	return f.hooks.RemoveLocked(hook)
}

// Cancel abandons the task if it has not started: true, it will never run and Await returns cause.
// Else it returns false, and the context of a running task is cancelled with cause. Of two calls at
// once one returns true; f has ended when that one returns. A nil cause is [context.Canceled].
func (f *Future[T]) Cancel(cause error) bool {
	f.made("Cancel")
	if cause == nil {
		cause = context.Canceled
	}
	if f.ended() {
		return false
	}
	return f.node.Cancel(cause)
}
