package quartet

import (
	"context"
	"runtime"
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// Model is what an executor puts into a task's context: how its tasks wait. It is for those who
// write an executor; tasks use [Suspend], [Sleep], [Block], [Lend] and [Yield]. Its methods are
// called on the task's goroutine.
//
// A method gets the ctx of the call, which may be any context below the task's, with an end of its
// own. The Model itself belongs to the task.
type Model interface {
	// Suspend gives up what the model serialises by, calls arm, and waits until resume is called
	// (nil) or ctx ends (its cause; a later resume does nothing). resume is idempotent and may be
	// called from anywhere, also inside arm.
	Suspend(ctx context.Context, arm func(resume func())) error
	// Sleep waits for d, or until ctx ends (its cause).
	Sleep(ctx context.Context, d time.Duration) error
	// Block runs fn, which may block the goroutine, where it does the least harm. It returns when
	// fn has returned, with ctx's cause when ctx had ended before fn could start.
	Block(ctx context.Context, fn func()) error
	// Yield lets others run.
	Yield(ctx context.Context)
	// Executor is the executor that runs the task.
	Executor() Executor
}

// Lender is a Model that has a use of its own for [Lend]; without it, Lend is the Model's Block.
type Lender interface {
	// Lend runs fn, which may block the goroutine for long, and lets others use what the model
	// serialises by meanwhile. It returns as Block does.
	Lend(ctx context.Context, fn func()) error
}

// It answers for the current executor too, as its model knows that.
//
// A context of its own and not context.WithValue: that answers for one key, and the chain would be
// longer by one for each.
type modelCtx struct {
	context.Context
	model Model
}

func (c *modelCtx) Value(key any) any {
	switch key {
	case task.ModelKey:
		return c.model
	case task.CurrentKey:
		return c
	}
	return c.Context.Value(key)
}

// Under implements task.Layer.
func (c *modelCtx) Under() context.Context { return c.Context }

// WithModel returns a context whose waits m acts on.
func WithModel(ctx context.Context, m Model) context.Context {
	if ctx == nil || m == nil {
		panic("quartet: WithModel of a nil Context or Model")
	}
	return &modelCtx{ctx, m}
}

// nil in a detached context, outside of any task, and in a task that has ended. It is asked on each
// wait and costs a walk up ctx. A panic here names no call, since a nil ctx is as wrong in all of
// them.
func modelOf(ctx context.Context) Model {
	if ctx == nil {
		panic("quartet: a nil Context")
	}
	m, _ := ctx.Value(task.ModelKey).(Model)
	return m
}

// It leaves the model alone: a wrapper runs tasks on the goroutines of the executor inside.
//
// Its answer is itself and not ex, so that Current can tell by the type which kind of context is
// the nearest.
type currentCtx struct {
	context.Context
	ex Executor
}

func (c *currentCtx) Value(key any) any {
	if key == task.CurrentKey {
		return c
	}
	return c.Context.Value(key)
}

// Under implements task.Layer.
func (c *currentCtx) Under() context.Context { return c.Context }

// WithCurrent returns a context in which [Current] is ex. A wrapper submits with it, so that nested
// calls go through the wrapper too.
func WithCurrent(ctx context.Context, ex Executor) context.Context {
	if ctx == nil || ex == nil {
		panic("quartet: WithCurrent of a nil Context or Executor")
	}
	return &currentCtx{ctx, ex}
}

// Current returns the executor that runs the task of ctx: how a named function fans out, wherever
// it runs. Three kinds of contexts answer: a wrapper's, a Model's of a foreign executor, and a
// task's. The nearest one wins.
func Current(ctx context.Context) (Executor, bool) {
	switch c := ctx.Value(task.CurrentKey).(type) {
	case *currentCtx:
		return c.ex, true
	// A wrapper may stand right around a foreign executor's model; then the wrapper was what the
	// task was submitted to.
	case *modelCtx:
		if w, ok := c.Context.Value(task.CurrentKey).(*currentCtx); ok {
			return w.ex, true
		}
		return executorOf(c.model)
	case *task.Ctx:
		// The executor was handed this task through a wrapper when one stands between the task and
		// the one around it.
		if w, ok := c.Outside(task.CurrentKey).(*currentCtx); ok {
			return w.ex, true
		}
		if ex, ok := executorOf(c.Model()); ok {
			return ex, true
		}
		ex, ok := c.Host().(Executor) // of a task that has ended
		return ex, ok
	}
	return nil, false
}

// model is nil for a task that has not started or is over.
func executorOf(model any) (Executor, bool) {
	m, ok := model.(Model)
	if !ok || m == nil {
		return nil, false
	}
	return m.Executor(), true
}

// Only the model is hidden; the tasks around are still found, so a submit from that goroutine
// counts as one from inside.
type detachedCtx struct{ context.Context }

func (c detachedCtx) Value(key any) any {
	if key == task.ModelKey {
		return nil
	}
	return c.Context.Value(key)
}

// Under implements task.Layer.
func (c detachedCtx) Under() context.Context { return c.Context }

// Detach returns ctx for a goroutine that the task starts itself: values, deadline, cancellation
// and [Current] stay, but waiting words block that goroutine plainly, and lend nothing of the
// task's.
func Detach(ctx context.Context) context.Context {
	if ctx == nil {
		panic("quartet: Detach of a nil Context")
	}
	return detachedCtx{ctx}
}

// Suspend calls arm and waits until the resume that arm was given is called (nil), or ctx ends (its
// cause). resume may be called from any goroutine, more than once, and also inside arm. What
// happened before resume is seen after Suspend.
//
// On a loop the task is suspended and the next callback runs; in a pool the task lends its slot;
// under a global lock it releases the lock; without an executor the goroutine blocks.
//
// A nil says that resume was called, and not why: whoever waits for a state looks at it again.
func Suspend(ctx context.Context, arm func(resume func())) error {
	if arm == nil {
		panic("quartet: Suspend of a nil func")
	}
	if m := modelOf(ctx); m != nil {
		return m.Suspend(ctx, arm)
	}
	return task.Park(ctx, arm)
}

// Sleep waits for d, or until ctx ends (its cause). On a loop the task is suspended; a worker of a
// pool sleeps and keeps its slot; under a global lock the lock is released. A d that is not
// positive returns at once.
func Sleep(ctx context.Context, d time.Duration) error {
	if m := modelOf(ctx); m != nil {
		return m.Sleep(ctx, d)
	}
	return task.Sleep(ctx, d)
}

// Block runs fn, which may block its goroutine: on a loop off the loop, in a pool on the worker
// that is there, under a global lock without the lock. It returns when fn has returned; ctx's end
// before fn starts is returned as its cause.
func Block(ctx context.Context, fn func()) error {
	if fn == nil {
		panic("quartet: Block of a nil func")
	}
	if m := modelOf(ctx); m != nil {
		return m.Block(ctx, fn)
	}
	return task.Block(ctx, fn)
}

// Lend is [Block] for an fn that blocks for long, a back-off or a slow peer, where others may go on
// meanwhile: in a pool the task lends its slot, and takes one again before it goes on. So more
// goroutines may be blocked in fn than the pool has workers; Config.InFlight bounds them. On all
// other models it is Block.
func Lend(ctx context.Context, fn func()) error {
	if fn == nil {
		panic("quartet: Lend of a nil func")
	}
	return lend(ctx, modelOf(ctx), fn)
}

// nil: the caller has no model, and blocks plainly. The order of the cases: a Lender is a Model
// too.
func lend(ctx context.Context, m Model, fn func()) error {
	switch m := m.(type) {
	case nil:
		return task.Block(ctx, fn)
	case Lender:
		return m.Lend(ctx, fn)
	default:
		return m.Block(ctx, fn)
	}
}

// Yield lets other tasks of the model run; without an executor it is [runtime.Gosched].
func Yield(ctx context.Context) {
	if m := modelOf(ctx); m != nil {
		m.Yield(ctx)
		return
	}
	runtime.Gosched()
}
