package eventloop_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/internal/executortest"
)

// Each producer's posts run in its order, and none is lost.
func TestManyProducersKeepTheirOrder(t *testing.T) {
	const producers, each = 16, 100_000
	l := eventloop.New(eventloop.Config{})
	l.Start()
	var next [producers]int // the loop's
	wrong := 0
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() {
			for i := range each {
				err := l.Post(func() {
					if next[p] != i {
						wrong++
					}
					next[p]++
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, l.Shutdown(t.Context()))
	require.Zero(t, wrong)
	for p := range producers {
		require.Equal(t, each, next[p])
	}
}

// A post that races Close, or Shutdown, runs or is refused; one that Close drops was accepted and
// does neither. Nothing runs after Close has returned, and after Shutdown everything accepted has
// run.
func TestPostsRaceTheEnd(t *testing.T) {
	rounds := 1000
	if executortest.Long() {
		rounds = 10_000
	}
	dropped := 0
	for round := range rounds {
		l := eventloop.New(eventloop.Config{})
		l.Start()
		var accepted, refused, ran, late atomic.Int64
		var over atomic.Bool
		var all sync.WaitGroup
		post := func(before func()) {
			err := l.Post(func() {
				before()
				ran.Add(1)
				if over.Load() {
					late.Add(1)
				}
			})
			switch {
			case err == nil:
				accepted.Add(1)
			case errors.Is(err, quartet.ErrClosed):
				refused.Add(1)
			default:
				t.Error(err)
			}
		}
		posted := make(chan struct{})
		post(func() {
			if round%4 == 0 { // so that there is something to drop
				<-posted
			}
		})
		for range 3 {
			all.Go(func() {
				for range 10 {
					post(func() {})
				}
			})
		}
		go func() {
			all.Wait()
			close(posted)
		}()
		var err error
		if round%2 == 0 {
			err = l.Close()
		} else {
			err = l.Shutdown(t.Context())
		}
		over.Store(true)
		require.NoError(t, err)
		all.Wait()
		require.Equal(t, int64(31), accepted.Load()+refused.Load())
		require.Zero(t, late.Load())
		lost := accepted.Load() - ran.Load()
		require.GreaterOrEqual(t, lost, int64(0))
		if round%2 == 1 {
			require.Zero(t, lost, "Shutdown drops nothing")
		}
		require.Equal(t, uint64(lost), l.Health().Dropped)
		dropped += int(lost)
	}
	require.NotZero(t, dropped)
	t.Logf("%d rounds, %d posts dropped", rounds, dropped)
}

// Stop and Close at once, with callbacks left in the middle of a turn: Close returns.
func TestCloseRacesStop(t *testing.T) {
	for range 2000 {
		l := eventloop.New(eventloop.Config{})
		for range 3 {
			require.NoError(t, l.Post(l.Stop))
		}
		done := make(chan error, 1)
		go func() { done <- l.Run(t.Context()) }()
		require.NoError(t, l.Close())
		if err := <-done; err != nil {
			require.ErrorIs(t, err, quartet.ErrClosed)
		}
	}
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		l.Start()
		before := l.Health()
		l.AfterFunc(time.Second, slowly)
		l.AfterFunc(time.Second, func() {}) // is late
		quartet.Go(quartet.Label(t.Context(), "heavy"), l, slower)
		synctest.Wait()
		time.Sleep(2 * time.Second)
		h := l.Health()
		require.Equal(t, 60*time.Millisecond, h.Lag.Max)
		require.Equal(t, uint64(2), h.Lag.Count)
		require.Equal(t, 2*time.Second-150*time.Millisecond, h.Idle-before.Idle)
		require.InDelta(t, 0.075, h.Utilization(before), 1e-9)
		require.Zero(t, before.Utilization(before))
		require.Len(t, h.Longest, 2)
		require.Equal(t, "task heavy", h.Longest[0].Func)
		require.Equal(t, "github.com/quartet-go/quartet/eventloop_test.slowly", h.Longest[1].Func)
		for i, ran := range []time.Duration{90 * time.Millisecond, 60 * time.Millisecond} {
			require.LessOrEqual(t, h.Longest[i].Ran, ran)
			require.GreaterOrEqual(t, h.Longest[i].Ran, ran-25*time.Millisecond)
		}
		require.NoError(t, l.Close())
	})
}

func slower(context.Context) (int, error) {
	time.Sleep(90 * time.Millisecond)
	return 0, nil
}

func slowly() { time.Sleep(60 * time.Millisecond) }

func TestLongestChain(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	left := 1000
	var tick func()
	tick = func() {
		if left--; left > 0 {
			l.NextTick(tick)
		} else {
			l.Microtask(func() {})
		}
	}
	require.NoError(t, l.Post(tick))
	require.NoError(t, l.Run(t.Context()))
	require.Equal(t, uint64(1000), l.Health().LongestChain)
	require.NoError(t, l.Close())
}

func TestTheWatchdogKnowsUnderDebugWhereACallbackCameFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := make(chan string, 1)
		l := eventloop.New(eventloop.Config{
			Debug:  true,
			OnSlow: func(_ time.Duration, stack []byte) { reports <- string(stack) },
		})
		l.AfterFunc(time.Second, func() { time.Sleep(time.Second) })
		require.NoError(t, l.Run(t.Context()))
		require.Contains(t, <-reports, "given to the loop at ")
		require.Contains(t, l.Health().Longest[0].Func, "post_test.go:")
		require.NoError(t, l.Close())
	})
}
