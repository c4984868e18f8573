package gil

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Checkpoint is a bytecode boundary: the thread gives the lock up if it was asked to. Outside of a
// scheduler's thread, and without a lock, it does nothing. It costs an atomic load.
func Checkpoint(ctx context.Context) {
	if r := threadOf(ctx); r != nil {
		r.engine().checkpoint((*task.Node)(r))
	}
}

// Thread is a handle on the thread of a task, for checkpoints in a hot loop. [ThreadOf] makes it.
type Thread struct {
	eye *atomic.Bool
	run *run
}

// never is the flag of a thread that nobody can ask to drop the lock.
var never atomic.Bool

// ThreadOf returns the handle of the thread whose task has ctx. Only that task may use it. Outside
// of a scheduler's thread its checkpoints do nothing. It looks ctx up once, for any number of
// checkpoints.
func ThreadOf(ctx context.Context) Thread {
	if r := threadOf(ctx); r != nil {
		return Thread{r.engine().eye((*task.Node)(r)), r}
	}
	return Thread{eye: &never}
}

// Checkpoint is [Checkpoint] without the look-up in a context: a load and a branch, about a
// nanosecond, when nobody wants the lock.
func (t Thread) Checkpoint() {
	if t.eye.Load() {
		t.run.check()
	}
}

// Compute uses d of CPU time, with checkpoints: what the interpreter itself executes. Under the
// Real clock, and outside of a thread, it computes for real.
func Compute(ctx context.Context, d time.Duration) { use(ctx, DoCompute, d) }

// HoldLock uses d of CPU time without a checkpoint: a C function that keeps the lock.
func HoldLock(ctx context.Context, d time.Duration) { use(ctx, DoHold, d) }

// Released uses d of CPU time without the lock, as a native library does that releases it
// (Py_BEGIN_ALLOW_THREADS), and then takes the lock again.
func Released(ctx context.Context, d time.Duration) { use(ctx, DoRelease, d) }

// Outside of a thread all three compute plainly: there is no lock that they could keep or release.
func use(ctx context.Context, do Do, d time.Duration) {
	if r := threadOf(ctx); r != nil {
		r.engine().compute((*task.Node)(r), do, d)
		return
	}
	burn(d, func() {})
}

// Now returns the time by which ctx's thread lives: under the Virtual clock that of the simulation,
// which begins with the Unix epoch; else time.Now. Any goroutine may call it.
func Now(ctx context.Context) time.Time {
	if r, ok := ctx.Value(task.ModelKey).(*run); ok {
		return r.engine().clock()
	}
	return time.Now()
}

// threadOf returns the thread of ctx if it is the one that runs. A task's context gives nil in a
// foreign goroutine, unless that task runs at this moment.
func threadOf(ctx context.Context) *run {
	r, ok := ctx.Value(task.ModelKey).(*run)
	if !ok || !r.engine().mine((*task.Node)(r)) {
		return nil
	}
	return r
}

// run is a node of the scheduler as the Model of its own thread: to wait is to release the lock,
// and to compete for it again.
//
// Each method that waits asks mine first: with a ctx that another goroutine uses, it must not touch
// the lock of the thread that runs.
type run task.Node

var _ quartet.Model = (*run)(nil)

func (r *run) scheduler() *Scheduler { return (*task.Node)(r).Host().(*Scheduler) }

func (r *run) check() { r.engine().checkpoint((*task.Node)(r)) }

// name is its label, or its number.
func (r *run) name() string {
	if label := (*task.Node)(r).Label(); label != "" {
		return label
	}
	return fmt.Sprintf("task %d", r.Seq)
}

func (r *run) engine() engine { return r.scheduler().engine }

func (r *run) Executor() quartet.Executor { return r.scheduler() }

// Suspend releases the lock while the thread waits.
func (r *run) Suspend(ctx context.Context, arm func(resume func())) error {
	if !r.engine().mine((*task.Node)(r)) {
		return task.Park(ctx, arm)
	}
	return r.engine().wait(ctx, (*task.Node)(r), arm)
}

// Sleep releases the lock while the thread sleeps.
func (r *run) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !r.engine().mine((*task.Node)(r)) {
		return task.Sleep(ctx, d)
	}
	return r.engine().sleep(ctx, (*task.Node)(r), d)
}

// Block runs fn without the lock.
func (r *run) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !r.engine().mine((*task.Node)(r)) {
		fn()
		return nil
	}
	r.engine().block((*task.Node)(r), fn)
	return nil
}

// Yield gives the lock to a thread that waits for it, if there is one (time.sleep(0)).
func (r *run) Yield(context.Context) {
	if r.engine().mine((*task.Node)(r)) {
		r.engine().yield((*task.Node)(r))
	}
}
