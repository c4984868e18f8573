package quartet_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

type key string

func TestTaskContextInherits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.WithValue(t.Context(), key("k"), "v")
		ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errOdd)
		defer cancel()
		want, _ := ctx.Deadline()
		_, err := quartet.Do(ctx, quartet.Inline(), func(ctx context.Context) (int, error) {
			got, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, want, got)
			require.Equal(t, "v", ctx.Value(key("k")))
			require.Nil(t, ctx.Value(key("other")))
			require.NoError(t, ctx.Err())
			<-ctx.Done()
			require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
			require.Equal(t, "v", ctx.Value(key("k")), "values outlive the deadline")
			return 0, context.Cause(ctx)
		})
		require.Equal(t, errOdd, err, "the parent's cause arrives")
	})
}

func TestCancelCauseArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		defer p.Close()
		for _, c := range []struct{ cause, want error }{{errOdd, errOdd}, {nil, context.Canceled}} {
			started := make(chan struct{})
			f := quartet.Go(t.Context(), p, func(ctx context.Context) (int, error) {
				close(started)
				child, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				<-child.Done()
				return 0, context.Cause(child)
			})
			<-started
			require.False(t, f.Cancel(c.cause), "it had started")
			_, err := f.Await(t.Context())
			require.Equal(t, c.want, err)
			require.False(t, f.Cancel(errOdd), "it has ended")
		}
	})
}

// Cancel reaches a task that never asked for Done before, also through Err alone.
func TestErrSeesCancelWithoutDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		defer p.Close()
		started, cancelled := make(chan struct{}), make(chan struct{})
		f := quartet.Go(t.Context(), p, func(ctx context.Context) (int, error) {
			require.NoError(t, ctx.Err())
			close(started)
			<-cancelled
			require.Equal(t, context.Canceled, ctx.Err())
			return 0, context.Cause(ctx)
		})
		<-started
		f.Cancel(errOdd)
		close(cancelled)
		_, err := f.Await(t.Context())
		require.Equal(t, errOdd, err)
	})
}

func TestTaskContextEndsWithTheTask(t *testing.T) {
	for name, touch := range map[string]func(context.Context){
		"untouched": func(context.Context) {},
		"Done":      func(ctx context.Context) { ctx.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			var kept context.Context
			_, err := quartet.Do(context.Background(), quartet.Inline(), func(ctx context.Context) (int, error) {
				touch(ctx)
				kept = ctx
				return 0, nil
			})
			require.NoError(t, err)
			require.Equal(t, context.Canceled, kept.Err())
			require.Equal(t, context.Canceled, context.Cause(kept))
			<-kept.Done()
			child, cancel := context.WithCancel(kept)
			defer cancel()
			require.Equal(t, context.Canceled, child.Err())
		})
	}
}

// The standard library starts a goroutine for a child of a context that it does not know; it must
// know a task's.
func TestChildContextCostsNoGoroutine(t *testing.T) {
	parent, cancelParent := context.WithCancel(t.Context())
	defer cancelParent()
	_, err := quartet.Do(parent, quartet.Inline(), func(ctx context.Context) (int, error) {
		before := runtime.NumGoroutine()
		children := make([]context.Context, 100)
		for i := range children {
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			children[i] = child
		}
		require.LessOrEqual(t, runtime.NumGoroutine(), before)
		cancelParent()
		for _, child := range children {
			require.Equal(t, context.Canceled, child.Err(), "at once, on the canceller's goroutine")
		}
		return 0, nil
	})
	require.NoError(t, err)
}

func TestDeeplyNestedContexts(t *testing.T) {
	x := quartet.Inline()
	ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), key("k"), "v"))
	defer cancel(nil)
	var down func(ctx context.Context, depth int) (int, error)
	down = func(ctx context.Context, depth int) (int, error) {
		if depth > 0 {
			v, err := quartet.Do(ctx, x, func(ctx context.Context) (int, error) { return down(ctx, depth-1) })
			if ctx.Err() == nil {
				return v, errors.New("every level must see the cancellation")
			}
			return v + 1, err
		}
		require.Equal(t, "v", ctx.Value(key("k")))
		require.NoError(t, ctx.Err())
		cancel(errOdd)
		require.Equal(t, context.Canceled, ctx.Err())
		require.Equal(t, errOdd, context.Cause(ctx))
		<-ctx.Done()
		return 0, nil
	}
	got, err := down(ctx, 1000)
	require.NoError(t, err)
	require.Equal(t, 1000, got)
}

// A middle level that is cancelled takes the levels below with it, and none above.
func TestCancelOfAMiddleLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4})
		defer p.Close()
		deep := make(chan struct{})
		middle := make(chan *quartet.Future[int], 1)
		top := quartet.Go(t.Context(), p, func(ctx context.Context) (int, error) {
			f := quartet.Go(ctx, p, func(ctx context.Context) (int, error) {
				return quartet.Do(ctx, p, func(ctx context.Context) (int, error) {
					close(deep)
					<-ctx.Done()
					return 0, context.Cause(ctx)
				})
			})
			middle <- f
			_, err := f.Await(ctx)
			require.Equal(t, errOdd, err)
			return 7, ctx.Err()
		})
		f := <-middle
		<-deep
		f.Cancel(errOdd)
		got, err := top.Await(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, got)
	})
}
