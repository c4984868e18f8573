package gil

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// lockOf is the lock of a scheduler under the Real clock.
func lockOf(s *Scheduler) *lock { return &s.engine.(*real).locks[0] }

func (l *lock) peek() (requested, ticking bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ticker != nil && l.ticker.Stop() {
		l.armLocked()
		return l.asked, true
	}
	return l.asked, false
}

// The ticker runs only while somebody waits, and rings when that somebody's patience ends: after
// the interval, times Scale.
func TestTheTickerRunsWhileSomebodyWaits(t *testing.T) {
	for _, scale := range []int{1, 20} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Config{SlowThread: time.Hour, Scale: scale})
			l, interval := lockOf(s), 5*ms*time.Duration(scale)
			unnamed := make(chan int)
			holder := quartet.Go(t.Context(), s, func(context.Context) (int, error) { return <-unnamed, nil })
			synctest.Wait()
			_, ticking := l.peek()
			require.False(t, ticking, "nobody waits")
			waiter := quartet.Go(t.Context(), s, func(context.Context) (int, error) { return 0, nil })
			synctest.Wait()
			_, ticking = l.peek()
			require.True(t, ticking)
			time.Sleep(interval - 1)
			asked, _ := l.peek()
			require.False(t, asked, "the interval has not ended")
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			asked, ticking = l.peek()
			require.True(t, asked)
			require.True(t, ticking, "it still waits")
			unnamed <- 1
			_, err := quartet.AwaitAll(t.Context(), holder, waiter)
			require.NoError(t, err)
			_, ticking = l.peek()
			require.False(t, ticking, "nobody waits any more")
			require.NoError(t, s.Close())
		})
	}
}

// Scale makes everything take longer, for eyes to follow.
func TestScaleIsSlowMotion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Scale: 20})
		begin := time.Now()
		_, err := quartet.Do(t.Context(), s, func(ctx context.Context) (int, error) {
			return 0, quartet.Sleep(ctx, 10*ms)
		})
		require.NoError(t, err)
		require.Equal(t, 200*ms, time.Since(begin))
		require.NoError(t, s.Close())
	})
}
