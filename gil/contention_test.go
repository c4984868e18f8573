package gil_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// A thread that computes, and one that waits for a millisecond again and again: the live lock tells
// of their convoy.
func TestTheLiveLockTellsOfItsConvoys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gil.New(gil.Config{})
		require.Equal(t, gil.Contention{}, s.Contention())
		stop := false // under the lock
		computing := quartet.Go(quartet.Label(t.Context(), "report"), s, func(ctx context.Context) (int, error) {
			for !stop {
				time.Sleep(time.Millisecond) // stands for computing: it keeps the lock
				gil.Checkpoint(ctx)
			}
			return 0, nil
		})
		serving := quartet.Go(quartet.Label(t.Context(), "request"), s, func(ctx context.Context) (int, error) {
			for range 10 {
				if err := quartet.Sleep(ctx, time.Millisecond); err != nil {
					return 0, err
				}
			}
			stop = true
			return 0, nil
		})
		time.Sleep(40*time.Millisecond + time.Microsecond)
		c := s.Contention()
		require.Equal(t, []string{"report"}, c.Holders)
		require.Len(t, c.Convoys, 1)
		require.Equal(t, "request", c.Convoys[0].VictimLabel)
		require.Equal(t, "report", c.Convoys[0].CulpritLabel)
		require.GreaterOrEqual(t, c.Convoys[0].Count, 3)
		require.GreaterOrEqual(t, c.Convoys[0].Waited, time.Duration(c.Convoys[0].Count)*5*time.Millisecond)
		require.Positive(t, c.Forced)
		require.Greater(t, c.Switches, c.Forced)
		require.GreaterOrEqual(t, c.Wait.Max, 5*time.Millisecond)

		_, err := quartet.AwaitAll(t.Context(), computing, serving)
		require.NoError(t, err)
		synctest.Wait() // a thread's future ends before it gives up the lock
		c = s.Contention()
		require.Empty(t, c.Holders)
		require.Empty(t, c.Convoys, "the threads have ended")
		require.Zero(t, c.Waiters)
		require.NoError(t, s.Close())
	})
}

func TestContentionNamesWhoHoldsTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gil.New(gil.Config{SlowThread: time.Hour})
		unnamed := make(chan int)
		holder := quartet.Go(quartet.Label(t.Context(), "big"), s, func(context.Context) (int, error) {
			return <-unnamed, nil
		})
		synctest.Wait()
		waiter := quartet.Go(t.Context(), s, func(context.Context) (int, error) { return 0, nil })
		time.Sleep(30 * time.Millisecond)
		c := s.Contention()
		require.Equal(t, []string{"big"}, c.Holders)
		require.Equal(t, 1, c.Waiters)
		require.Equal(t, 30*time.Millisecond, c.Longest)
		unnamed <- 1
		_, err := quartet.AwaitAll(t.Context(), holder, waiter)
		require.NoError(t, err)
		require.NoError(t, s.Close())
	})
}

func TestContentionIsOfTheRealClock(t *testing.T) {
	s := gil.New(gil.Config{Clock: gil.Virtual})
	require.NoError(t, quartet.Run(t.Context(), s, func(context.Context) error { return nil }))
	require.NoError(t, s.Close())
	require.Equal(t, gil.Contention{}, s.Contention())
}
