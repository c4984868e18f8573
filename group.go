package quartet

import (
	"context"
	"errors"
	"sync"
)

// Group is a set of tasks on one executor that live and fail together: the first error cancels the siblings, and
// [Group.Wait] joins all. Its methods may be called from any goroutine, also from its own tasks.
type Group struct {
	ex     Executor
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	open   int
	first  error
	errs   []error
	wakers []func()
}

// NewGroup returns a group whose tasks run on ex with contexts below ctx. It needs a [Group.Wait], which joins the tasks and
// releases the context. It panics on a nil ex.
func NewGroup(ctx context.Context, ex Executor) *Group {
	if ex == nil {
		panic("quartet: NewGroup with a nil Executor")
	}
	g := &Group{ex: ex}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	return g
}

// GroupGo submits a call of f as a member of g. A refusal is the future's error, and so the group's.
func GroupGo[In, Out any](g *Group, f *Func[In, Out], in In) *Future[Out] {
	g.enter()
	future := f.Go(g.ctx, g.ex, in)
	watch(g, future)
	return future
}

// Go submits fn as a member of g; a refusal is an error of the group. It panics where the group's executor is not a [Runner], since a closure cannot travel.
func (g *Group) Go(fn func(ctx context.Context) error) {
	if fn == nil {
		panic("quartet: Group.Go of a nil func")
	}
	r, ok := g.ex.(Runner)
	if !ok {
		panic("quartet: Group.Go needs a Runner; use GroupGo where the executor runs named functions only")
	}
	g.enter()
	watch(g, Go(g.ctx, r, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }))
}

func watch[T any](g *Group, f *Future[T]) {
	f.OnDone(func() {
		_, err := f.Result()
		g.leave(err)
	})
}

func (g *Group) enter() {
	g.mu.Lock()
	g.open++
	g.mu.Unlock()
}

func (g *Group) leave(err error) {
	g.mu.Lock()
	g.open--
	if err != nil {
		g.fail(err)
	}
	var wakers []func()
	if g.open == 0 {
		wakers, g.wakers = g.wakers, nil
	}
	g.mu.Unlock()
	for _, wake := range wakers {
		wake()
	}
}

// fail keeps err, unless it says only that the group was cancelled by an earlier one.
func (g *Group) fail(err error) {
	switch {
	case g.first == nil:
		g.first = err
		g.errs = append(g.errs, err)
		g.cancel(err)
	case err == g.first, errors.Is(err, context.Canceled):
	default:
		g.errs = append(g.errs, err)
	}
}

// Wait waits until every member has ended and returns their errors, joined; errors that are only the group's own
// cancellation are left out. ctx bounds the wait: its cause is returned when it ends first, and the group goes on. When
// all have ended, Wait cancels the group's context, so that a group is used once.
func (g *Group) Wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		open, err := g.open, g.result()
		g.mu.Unlock()
		if open == 0 {
			g.cancel(nil)
			return err
		}
		if err := Suspend(ctx, g.arm); err != nil {
			return err
		}
	}
}

// result returns what Wait returns: the only error as it is, several joined.
func (g *Group) result() error {
	if len(g.errs) == 1 {
		return g.errs[0]
	}
	return errors.Join(g.errs...)
}

func (g *Group) arm(resume func()) {
	g.mu.Lock()
	if g.open > 0 {
		g.wakers = append(g.wakers, resume)
		resume = nil
	}
	g.mu.Unlock()
	if resume != nil {
		resume()
	}
}
