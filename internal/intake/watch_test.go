package intake_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/intake"
)

// countingCtx counts who wants to be told of its end.
type countingCtx struct {
	context.Context
	watched int
}

func (c *countingCtx) Value(any) any { return nil } // not the cancelCtx inside

func (c *countingCtx) AfterFunc(fn func()) (stop func() bool) {
	c.watched++
	return context.AfterFunc(c.Context, fn)
}

func TestANodeThatStartsSoonIsWatchedOnlyWhenThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := 1
		h := newHand(intake.Config{Free: func() int { return free }, Soon: true})
		parent, cancel := context.WithCancelCause(t.Context())
		ctx := &countingCtx{Context: parent}
		first, second := &job{}, &job{}
		require.NoError(t, h.Submit(ctx, first))
		require.Zero(t, ctx.watched)
		require.NoError(t, h.Submit(ctx, second))
		require.Equal(t, 1, ctx.watched, "one free slot makes one start certain")

		h.finish(h.pop())
		require.EqualValues(t, 1, first.ran.Load())

		third := &job{}
		elsewhere, cancelElsewhere := context.WithCancelCause(t.Context())
		other := &countingCtx{Context: elsewhere}
		free = 2
		require.NoError(t, h.Submit(other, third))
		require.Zero(t, other.watched)
		h.Lock()
		free = 0 // something else has taken the slots
		h.Commit()
		require.Equal(t, 1, other.watched)
		cancel(errWhy)
		cancelElsewhere(errWhy)
		synctest.Wait()
		require.EqualValues(t, 1, second.abandoned.Load())
		require.EqualValues(t, 1, third.abandoned.Load())
		require.NoError(t, h.Drain(t.Context()))
	})
}
