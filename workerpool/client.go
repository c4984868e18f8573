package workerpool

import (
	"context"
	"errors"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// client is the Model of a func given to Clock.Go. It waits in virtual time as a task does, and has
// no slot to lend.
type client Clock

var _ task.Helper = (*client)(nil)

// clientCtx is the context of a client, which no executor runs.
type clientCtx struct {
	context.Context
	model *client
}

func (c clientCtx) Value(key any) any {
	if key == task.ModelKey {
		return c.model
	}
	return c.Context.Value(key)
}

func (c *client) clock() *Clock { return (*Clock)(c) }

func (c *client) Executor() quartet.Executor { return nil }

func (c *client) Suspend(ctx context.Context, arm func(resume func())) error {
	return c.clock().suspend(ctx, arm)
}

func (c *client) AwaitTask(ctx context.Context, f task.Awaited) error { return c.clock().await(ctx, f) }

func (c *client) Sleep(ctx context.Context, d time.Duration) error { return c.clock().sleep(ctx, d) }

func (c *client) Block(ctx context.Context, fn func()) error { return c.clock().block(ctx, fn) }

func (c *client) Yield(context.Context) { c.clock().yield() }

// timeoutCtx is what Clock.WithTimeout returns. It ends by its inner context alone: the clock
// cancels that when the time comes.
type timeoutCtx struct {
	context.Context
	deadline time.Time
}

func (c *timeoutCtx) Deadline() (time.Time, bool) {
	if outer, limited := c.Context.Deadline(); limited && outer.Before(c.deadline) {
		return outer, true
	}
	return c.deadline, true
}

// Err gives DeadlineExceeded where the inner context was cancelled with that cause: callers compare
// with ==.
func (c *timeoutCtx) Err() error {
	err := c.Context.Err()
	if err != nil && errors.Is(context.Cause(c.Context), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}

// driving has the goroutines run while a pool is stopped from outside.
func (p *Pool) driving() (done func()) {
	c := p.cfg.Clock
	if c == nil {
		return func() {}
	}
	c.stopping(1)
	return func() { c.stopping(-1) }
}

// calledLocked begins to pass turns if nobody has one: Run may not be under way.
func (c *Clock) stopping(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stops += n
	c.calledLocked()
}

// besideTurn calls fn, which waits for goroutines of the pool. A caller that has the clock's turn
// gives it to them. Else it would keep the turn that the workers need in order to end.
func (p *Pool) besideTurn(ctx context.Context, fn func()) {
	if c := p.cfg.Clock; c != nil && c.runs(ctx) {
		_ = c.block(context.WithoutCancel(ctx), fn) // the context does not end
		return
	}
	fn()
}

// runs reports whether ctx is that of a client or a task of c.
func (c *Clock) runs(ctx context.Context) bool {
	switch m := ctx.Value(task.ModelKey).(type) {
	case *client:
		return m.clock() == c
	case *run:
		return m.pool().cfg.Clock == c
	}
	return false
}

// awaitTurn waits for the turn of w's errand, and reports whether there is a Clock. A worker's
// errand is in the clock's queue from the moment when it was sent.
func (w *worker) awaitTurn() bool {
	if w.turn == nil {
		return false
	}
	<-w.turn.granted
	return true
}

// endTurn leaves the turn, also after a Goexit of the task.
func (p *Pool) endTurn(inTurn bool) {
	if inTurn {
		p.cfg.Clock.leave()
	}
}
