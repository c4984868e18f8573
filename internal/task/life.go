package task

import (
	"context"
	"sync/atomic"
	"time"
)

// life is the real context of a Ctx. It is its own parent adapter: while the context is being made
// it shows the direct parent, whose end must arrive; later look-ups skip to the nearest foreign
// context. context.WithCancelCause asks its parent, by Value, for a context of its own kind; if
// that were not the direct parent's, it would start a goroutine. Rejected: to keep the Ctx itself
// as the parent of WithCancelCause. Its Done makes the very context that is being made.
type life struct {
	of      *Ctx
	settled atomic.Bool
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

func (l *life) Deadline() (time.Time, bool) { return l.of.foreign.Deadline() }
func (l *life) Done() <-chan struct{}       { return l.of.parent().Done() }

// Err may be asked for an end that Done has shown at a parent which the task has let go of since:
// it does that when it is over.
func (l *life) Err() error {
	if err := l.of.parent().Err(); err != nil || !l.of.over() {
		return err
	}
	return context.Canceled
}

func (l *life) Value(key any) any {
	if l.settled.Load() {
		return l.of.foreign.Value(key)
	}
	return l.of.parent().Value(key)
}

// lifetime returns c's real context, made on first use. Several goroutines may make one at the same
// time; the first to store it wins, and the others cancel theirs, so that no parent keeps them.
func (c *Ctx) lifetime() *life {
	if l := c.life.Load(); l != nil {
		return l
	}
	l := &life{of: c}
	l.ctx, l.cancel = context.WithCancelCause(l)
	l.settled.Store(true)
	if !c.life.CompareAndSwap(nil, l) {
		l.cancel(nil)
		return c.life.Load()
	}
	// The task may have ended between the look and the store, and then nobody else would cancel it.
	if c.over() {
		l.cancel(nil)
	}
	return l
}
