package eventloop_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
)

// A crowded loop wakes once for many timers: none is early, none later than half a millisecond, and
// they keep their order.
func TestACrowdedLoopWakesOnceForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5000
		l := eventloop.New(eventloop.Config{})
		begin, last := time.Now(), time.Duration(-1)
		for i := range n {
			d := time.Duration(i*7919%n) * 10 * time.Microsecond
			l.AfterFunc(d, func() {
				require.GreaterOrEqual(t, time.Since(begin), d)
				require.Less(t, time.Since(begin)-d, 600*time.Microsecond)
				require.Greater(t, d, last)
				last = d
			})
		}
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, uint64(n), l.Health().Timers)
		require.Less(t, l.Health().Turns, uint64(n/10))
		require.NoError(t, l.Close())
	})
}

func TestATimerCountsFromTheCallThatMakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		var waited time.Duration
		require.NoError(t, l.Post(func() {
			time.Sleep(50 * time.Millisecond) // keeps the loop
			made := time.Now()
			l.AfterFunc(20*time.Millisecond, func() { waited = time.Since(made) })
		}))
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, 20*time.Millisecond, waited)
		require.NoError(t, l.Close())
	})
}

func TestResetInTheTimersOwnCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		begin := time.Now()
		var fired []time.Duration
		var timer *eventloop.Timer
		timer = l.AfterFunc(time.Second, func() {
			if fired = append(fired, time.Since(begin)); len(fired) < 3 {
				require.False(t, timer.Reset(time.Minute), "it has fired")
				require.True(t, timer.Reset(time.Second), "it is set")
			}
		})
		var every *eventloop.Timer
		var ticks []time.Duration
		every = l.Every(10*time.Second, func() {
			if ticks = append(ticks, time.Since(begin)); len(ticks) == 2 {
				every.Stop()
				return
			}
			every.Reset(time.Second) // the next one, instead of its own
		})
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, fired)
		require.Equal(t, []time.Duration{10 * time.Second, 11 * time.Second}, ticks)
		require.NoError(t, l.Close())
	})
}

// An interval that would end beyond the end of time does not wrap round: it fires when it is reset,
// and never again.
func TestIntervalsOfExtremeLength(t *testing.T) {
	for _, opts := range [][]eventloop.EveryOption{nil, {eventloop.FixedRate()}} {
		for _, crowd := range []int{0, 5000} { // few timers lie in a heap, many in slots of time
			synctest.Test(t, func(t *testing.T) {
				l := eventloop.New(eventloop.Config{})
				for i := range crowd {
					l.AfterFunc(math.MaxInt64-time.Duration(i), func() { t.Error("at the end of time") }).Unref()
				}
				calls := 0
				for _, d := range []time.Duration{
					math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 - time.Hour,
					1 << 62,
				} {
					every := l.Every(d, func() { calls++ }, opts...)
					require.True(t, every.Reset(0))
					every.Unref()
				}
				l.AfterFunc(24*time.Hour, func() {})
				begin := time.Now()
				require.NoError(t, l.Run(t.Context()))
				require.Equal(t, 4, calls)
				require.Equal(t, 24*time.Hour, time.Since(begin).Truncate(time.Millisecond))
				require.NoError(t, l.Close())
			})
		}
	}
}

// Unreferenced callbacks do not keep Run from returning.
func TestUnreferencedWorkAloneEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		ran := 0
		require.NoError(t, l.Post(func() {
			l.Immediate(func() {
				ran++ // in the turn that is under way
				i := l.Immediate(func() { t.Error("unreferenced, and alone") })
				i.Unref()
				i.Ref()
				i.Unref()
			})
		}))
		timer := l.AfterFunc(time.Second, func() { t.Error("unreferenced, and alone") })
		timer.Unref()
		timer.Ref()
		timer.Unref()
		begin := time.Now()
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, 1, ran)
		require.Zero(t, time.Since(begin))
		require.NoError(t, l.Close())
	})
}

// Under Debug a batch notes where it came from, and leaves the caller's slice alone.
func TestABatchUnderDebug(t *testing.T) {
	l := eventloop.New(eventloop.Config{Debug: true})
	ran := 0
	batch := []func(){func() { ran++ }, func() { ran++ }}
	for range 2 {
		require.NoError(t, l.PostBatch(batch...))
	}
	require.NoError(t, l.PostBatch())
	require.NoError(t, l.Run(t.Context()))
	require.Equal(t, 4, ran)
	require.NoError(t, l.Close())
}
