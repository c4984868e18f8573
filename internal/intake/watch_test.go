package intake_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
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

// While a watch is being registered its only node may start, and another with the same context may
// come. That one must not register again: only one of the two registrations would be ended, and the
// context would keep the other.
func TestAWatchRegistersOnce(t *testing.T) {
	registered, ended := 0, 0
	var h *hand
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h = newHand(intake.Config{AfterFunc: func(ctx context.Context, f func()) func() bool {
		if registered++; registered == 1 {
			h.finish(h.pop())
			require.NoError(t, h.Submit(ctx, &job{}))
		}
		stop := context.AfterFunc(ctx, f)
		return func() bool {
			ended++
			return stop()
		}
	}})
	require.NoError(t, h.Submit(ctx, &job{}))
	require.Equal(t, 1, registered)
	h.finish(h.pop())
	require.NoError(t, h.Drain(t.Context()))
	require.Equal(t, registered, ended)
}

// told calls a func at the first event of a kind, after the section in which that happened.
type told struct {
	kind quartet.EventKind
	fn   func()
}

func (o *told) Observe(e quartet.Event) {
	if fn := o.fn; fn != nil && e.Kind == o.kind {
		o.fn = nil
		fn()
	}
}

// A watch that rests may have seen the end of its context when a node comes that was accepted just
// before. It tells nobody again, so that node needs a registration of its own.
func TestAWatchThatIsOverIsNotUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &told{kind: quartet.EventQueued}
		h := newHand(intake.Config{Observer: o})
		ctx, cancel := context.WithCancelCause(t.Context())
		require.NoError(t, h.Submit(ctx, &job{}))
		h.finish(h.pop()) // its watch rests
		o.fn = func() {
			cancel(errWhy)
			synctest.Wait()
		}
		late := &job{}
		require.NoError(t, h.Submit(ctx, late))
		synctest.Wait()
		require.EqualValues(t, 1, late.abandoned.Load())
		require.ErrorIs(t, late.cause, errWhy)
		require.NoError(t, h.Drain(t.Context()))
	})
}
