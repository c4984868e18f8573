package quartet

import (
	"context"
	"errors"
	"sync"
)

// Group is a set of tasks on one executor that live and fail together: the first error cancels the
// siblings, and [Group.Wait] joins all. Its methods may be called from any goroutine, also from its
// own tasks. A member counts from before its submit until its future has ended.
//
// The first error, or the end of Wait, cancels ctx for good. A member that is added later is
// refused with that as its error.
type Group struct {
	// Set by NewGroup, and never changed.
	ex     Executor
	ctx    context.Context
	cancel context.CancelCauseFunc

	// mu guards the fields below. Waiters are resumed after it was released.
	mu sync.Mutex
	// Members that have not ended. It may fall to 0 and rise again while members are still being
	// added.
	open int
	// The first one is kept whatever it is; later ones only if they say more than the cancellation.
	errs   []error
	joined resumes // of those that wait
}

// NewGroup returns a group whose tasks run on ex with contexts below ctx. It needs a [Group.Wait],
// which joins the tasks and releases the context. It panics on a nil ex.
func NewGroup(ctx context.Context, ex Executor) *Group {
	needs("NewGroup", ctx, ex)
	g := &Group{ex: ex}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	return g
}

// GroupGo submits a call of f as a member of g. A refusal is the future's error, and so the
// group's.
func GroupGo[In, Out any](g *Group, f *Func[In, Out], in In) *Future[Out] {
	g.made()
	f.needs("GroupGo", g.ctx, g.ex)
	// Before the submit: a refusal, or an executor that runs the call at once, ends the member
	// inside it, and leave must find it counted.
	g.enter()
	future := f.Go(g.ctx, g.ex, in)
	watch(g, future)
	return future
}

// Go submits fn as a member of g; a refusal is an error of the group. It panics where the group's
// executor is not a [Runner], since a closure cannot travel.
//
// The Runner is asked of ex itself and not by As: a submit to what a wrapper wraps would go around
// the wrapper.
func (g *Group) Go(fn func(ctx context.Context) error) {
	if fn == nil {
		panic("quartet: Group.Go of a nil func")
	}
	g.made()
	r, ok := g.ex.(Runner)
	if !ok {
		panic("quartet: Group.Go needs a Runner; use GroupGo where the executor runs named functions only")
	}
	g.enter()
	watch(g, Go(g.ctx, r, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }))
}

// The hook runs on the goroutine that ends the member, which may be Group.Go's own: a refusal ends
// it at once.
func watch[T any](g *Group, f *Future[T]) {
	f.OnDone(func() {
		_, err := f.Result()
		g.leave(err)
	})
}

// made panics when NewGroup has not made g.
func (g *Group) made() {
	if g == nil || g.ex == nil {
		panic("quartet: a Group that NewGroup has not made")
	}
}

func (g *Group) enter() {
	g.mu.Lock()
	g.open++
	g.mu.Unlock()
}

// The context is cancelled after the unlock: its callbacks are the user's, and may call the group.
// So may the methods of err, which is looked at before the lock. It was returned by then, so a
// cancellation that comes later is not what it repeats.
func (g *Group) leave(err error) {
	says := err != nil && !onlyCancelled(err, g.ctx)
	g.mu.Lock()
	g.open--
	// The list is empty for the first error alone, so cancel is called once here, with that.
	first := err != nil && len(g.errs) == 0
	if first || says {
		g.errs = append(g.errs, err)
	}
	var waiting []func()
	if g.open == 0 {
		waiting = g.joined.take()
	}
	g.mu.Unlock()
	if first {
		g.cancel(err)
	}
	for _, resume := range waiting {
		resume()
	}
}

// Wait waits until every member has ended and returns their errors, joined, the first one first. Of
// the others it leaves out those that say nothing but that the group was cancelled: ctx.Err(), its
// cause, and wrapped copies of them, as net/http makes them. An error joined with one of these is
// kept, as is a panic. ctx bounds the wait: its cause is returned when it ends first, and the group
// goes on. When all have ended, Wait cancels the group's context, so that a group is used once. It
// looks again after each wake-up, since members may have been added in between.
func (g *Group) Wait(ctx context.Context) error {
	g.made()
	needs("Group.Wait", ctx, g.ex)
	for {
		g.mu.Lock()
		open, err := g.open, g.result()
		g.mu.Unlock()
		// cancel(nil) after an error does nothing: the first cause stays.
		if open == 0 {
			g.cancel(nil)
			return err
		}
		var entry *resumption
		err = Suspend(ctx, func(resume func()) { entry = g.arm(resume) })
		if err != nil {
			g.mu.Lock()
			g.joined.remove(entry)
			g.mu.Unlock()
			return err
		}
	}
}

// result returns what Wait returns: a single error unchanged, several joined. It runs under mu.
// errors.Join takes a copy, so a later error does not change the one that was returned.
func (g *Group) result() error {
	if len(g.errs) == 1 {
		return g.errs[0]
	}
	return errors.Join(g.errs...)
}

// The look under the lock makes it safe: the last member either finds the waiter, or the waiter
// finds no member left. resume is called without mu, since it may run the waiter at once.
func (g *Group) arm(resume func()) *resumption {
	g.mu.Lock()
	if g.open > 0 {
		defer g.mu.Unlock()
		return g.joined.add(resume)
	}
	g.mu.Unlock()
	resume()
	return nil
}

// resumes is a set of suspended waits for one event. Its owner's lock guards it. A map, so that a
// wait that ends otherwise leaves in constant time.
type resumes struct{ waits map[*resumption]struct{} }

// A pointer to it is the key, as funcs cannot be compared.
type resumption struct{ resume func() }

func (r *resumes) add(resume func()) *resumption {
	if r.waits == nil {
		r.waits = make(map[*resumption]struct{})
	}
	entry := &resumption{resume}
	r.waits[entry] = struct{}{}
	return entry
}

// remove forgets a wait that ended otherwise; nil: there is none.
func (r *resumes) remove(entry *resumption) { delete(r.waits, entry) }

// take empties the set, for its owner to resume them after the unlock. In no order: all of them are
// resumed.
func (r *resumes) take() []func() {
	var all []func()
	for entry := range r.waits {
		all = append(all, entry.resume)
	}
	r.waits = nil
	return all
}
