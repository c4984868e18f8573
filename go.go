package quartet

import (
	"context"
	"runtime"

	"github.com/quartet-go/quartet/internal/task"
)

// Go submits fn to r and returns its future; where r waits for room, so does Go. A refusal is a
// future that has failed with the refusal's error, so nothing can be dropped silently. ctx bounds
// the wait for room, then the wait in the queue, then is the parent of the context that fn gets. It
// costs one allocation where ctx is the background.
//
// What happened before Go is seen by fn.
func Go[T any](ctx context.Context, r Runner, fn func(context.Context) (T, error)) *Future[T] {
	if fn == nil {
		panic("quartet: Go of a nil func")
	}
	needs("Go", ctx, r)
	f, _ := submitFunc(ctx, r, fn)
	return f
}

// needs panics when a call was given a nil Context or a nil Executor. The panic is at the call that
// made the mistake. Later it would be one of the executor's, on a goroutine that nobody knows.
func needs(call string, ctx context.Context, ex Executor) {
	if ctx == nil {
		panic("quartet: " + call + " with a nil Context")
	}
	if ex == nil {
		panic("quartet: " + call + " on a nil Executor")
	}
}

// submitFunc is Go that also returns the refusal which the future carries. t, and not f, is the
// job: the executor sees Run and Abandon.
func submitFunc[T any](ctx context.Context, r Runner, fn func(context.Context) (T, error)) (*Future[T], error) {
	// All fields are set before SubmitTask: from then on any goroutine may run the task.
	f, c := place[T](ctx)
	t := (*futureTask[T])(f)
	f.fn = fn
	f.node.Init(c, ctx, t)
	// The future's own context goes to the submit and not ctx: so Cancel ends the wait for room,
	// too.
	err := r.SubmitTask(f.node.Context(), t)
	if err != nil {
		f.fail(err)
	}
	return f, err
}

// Do is a call of fn on r: it returns only when fn has returned or never will start. ctx's end
// reaches fn, and ends the wait for a start.
//
// It costs a slot, not a switch: where r can start fn at once, and ctx is not of a task of another
// executor, fn runs on the caller's goroutine, a nested call on its parent's slot. So a
// runtime.Goexit or runtime.LockOSThread in fn is the caller's, as in a plain call, and Do ends its
// caller by Goexit too where fn called it on another goroutine. A panic is returned as a
// [*PanicError]. It costs one allocation.
func Do[T any](ctx context.Context, r Runner, fn func(context.Context) (T, error)) (T, error) {
	if fn == nil {
		panic("quartet: Do of a nil func")
	}
	needs("Do", ctx, r)
	// One allocation whatever ctx holds: nobody keeps the future after Do has returned, so it
	// cannot keep ctx alive.
	b := &bundle[T]{}
	t := (*futureTask[T])(&b.Future)
	t.fn = fn
	t.node.Init(&b.ctx, ctx, t)
	t.node.Flags, t.node.Data = task.Joined, r
	return b.joined(ctx, r.SubmitTask(&b.ctx, t))
}

// Run is [Do] of a function without a result.
func Run(ctx context.Context, r Runner, fn func(context.Context) error) error {
	if fn == nil {
		panic("quartet: Run of a nil func")
	}
	needs("Run", ctx, r)
	_, err := Do(ctx, r, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	return err
}

// joined is the end of a call that was submitted with ctx. The wait has no end of its own: Do must
// not return while fn runs. ctx still ends it where the task has not started, since the task's own
// context is below ctx.
//
// join fails only where the wait would never end, as its ctx has no end. Cancel then decides: a
// task that has not started never will, and outcome says so; one that has started goes on without
// its caller.
func (f *Future[T]) joined(ctx context.Context, refused error) (T, error) {
	if refused != nil {
		f.fail(refused)
	}
	if !f.ended() {
		if err := f.join(endless(ctx)); err != nil && !f.node.Cancel(err) {
			return *new(T), err // a wait that would never end, for what has started
		}
	}
	// Only here, on the caller's goroutine, and after the wait: a Goexit of fn on this very
	// goroutine has already ended it, in run.
	if f.node.Outcome == task.Exited {
		runtime.Goexit()
	}
	return f.outcome()
}

// endless is ctx without its end, for a wait alone: a caller without a model needs nothing of it. A
// model is found in ctx, so a caller with one needs its values.
func endless(ctx context.Context) context.Context {
	switch {
	case ctx.Done() == nil:
		return ctx
	case modelOf(ctx) == nil:
		return context.Background()
	default:
		return context.WithoutCancel(ctx)
	}
}
