package workerpool_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// A nested call of a lower priority than its caller's takes its turn: queued tasks with the
// caller's priority come first.
func TestANestedCallOfALowerPriorityTakesItsTurn(t *testing.T) {
	for _, c := range []struct {
		level workerpool.Level
		want  []string
	}{
		{workerpool.High, []string{"call", "queued"}},
		{workerpool.Normal, []string{"call", "queued"}},
		{workerpool.Low, []string{"queued", "call"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := workerpool.New(workerpool.Config{Workers: 1})
			defer p.Close()
			var order []string // guarded by the only slot
			note := func(what string) func(context.Context) error {
				return func(context.Context) error { order = append(order, what); return nil }
			}
			require.NoError(t, quartet.Run(t.Context(), p, func(ctx context.Context) error {
				queued := quartet.Go(ctx, p, func(ctx context.Context) (int, error) { return 0, note("queued")(ctx) })
				err := quartet.Run(ctx, p.Priority(c.level), note("call"))
				require.NoError(t, err)
				_, err = queued.Await(ctx)
				return err
			}))
			require.Equal(t, c.want, order)
		})
	}
}

// A goroutine that uses the context of a task which waits makes no nested call: the task has lent
// its slot, and there is none to run on.
func TestACallInTheNameOfATaskThatWaitsTakesItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		defer p.Close()
		hold := make(chan struct{})
		var ran atomic.Bool
		waits := quartet.Go(t.Context(), p, func(ctx context.Context) (int, error) {
			taken := make(chan struct{})
			quartet.Go(ctx, p, func(context.Context) (int, error) { close(taken); <-hold; return 0, nil })
			return 0, quartet.Suspend(ctx, func(resume func()) {
				go func() {
					<-taken // the slot
					require.NoError(t, quartet.Run(ctx, p, func(context.Context) error { ran.Store(true); return nil }))
					resume()
				}()
			})
		})
		synctest.Wait()
		require.False(t, ran.Load(), "the only slot is taken")
		close(hold)
		_, err := waits.Await(t.Context())
		require.NoError(t, err)
		require.True(t, ran.Load())
	})
}
