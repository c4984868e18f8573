package eventloop_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

func TestAnEndingRunWaitsForItsTasksAndRunsNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		ticks, posted := 0, false
		every := l.Every(time.Second, func() { ticks++ })
		quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			<-ctx.Done() // keeps the loop until the Run's end reaches the task
			require.NoError(t, l.Post(func() { posted = true }))
			return 0, quartet.Sleep(context.WithoutCancel(ctx), time.Minute)
		})
		begin := time.Now()
		require.ErrorIs(t, l.Run(ctx), context.DeadlineExceeded)
		require.Equal(t, 70*time.Second, time.Since(begin))
		require.Zero(t, ticks)
		require.False(t, posted)
		every.Stop()
		require.NoError(t, l.Run(t.Context()))
		require.True(t, posted, "what was queued stayed for another Run")
		require.NoError(t, l.Close())
	})
}

func TestStopWhileATaskWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		f := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			_ = quartet.Sleep(ctx, time.Hour)
			return 1,
				quartet.Suspend(context.WithoutCancel(ctx), func(resume func()) { time.AfterFunc(time.Second, resume) })
		})
		l.AfterFunc(time.Second, l.Stop)
		begin := time.Now()
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, 2*time.Second, time.Since(begin))
		v, err := f.Result()
		require.NoError(t, err)
		require.Equal(t, 1, v)
		require.NoError(t, l.Close())
	})
}

// The loop looks for a stop before each callback, and the callback may start a task that a Stop
// beside it did not find started.
func TestAStopCancelsATaskThatStartsBesideIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		var slept error
		require.NoError(t, l.Post(l.StopThenStart))
		require.NoError(t, l.Go(func(ctx context.Context) { slept = quartet.Sleep(ctx, time.Hour) }))
		begin := time.Now()
		require.NoError(t, l.Run(t.Context()))
		require.Zero(t, time.Since(begin))
		require.Error(t, slept)
		require.NoError(t, l.Close())
	})
}

func TestATickOfAnExitingMicrotaskWaitsForTheBatch(t *testing.T) {
	var ran []string
	l := eventloop.New(eventloop.Config{OnPanic: func(error) {}})
	require.NoError(t, l.Post(func() {
		l.Microtask(func() {
			l.NextTick(func() { ran = append(ran, "tick") })
			runtime.Goexit()
		})
		l.Microtask(func() { ran = append(ran, "microtask") })
	}))
	require.NoError(t, l.Run(t.Context()))
	require.Equal(t, []string{"microtask", "tick"}, ran)
}

func TestThenIsKeptThroughShutdownAndWaivedByClose(t *testing.T) {
	for _, shutdown := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := eventloop.New(eventloop.Config{})
			l.Start()
			ran := false
			f := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
				return 1, quartet.Sleep(ctx, time.Second)
			})
			eventloop.Then(l, f, func(int, error) { ran = true })
			synctest.Wait()
			if shutdown {
				require.NoError(t, l.Shutdown(t.Context()))
			} else {
				require.NoError(t, l.Close())
			}
			require.Equal(t, shutdown, ran)
		})
	}
}

func TestStopInAnIntervalsCallbackPreventsTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		var every *eventloop.Timer
		var stops []bool
		every = l.Every(time.Second, func() { stops = append(stops, every.Stop(), every.Stop()) })
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, []bool{true, false}, stops)
	})
}

func TestABlockThatWaitsForItsTurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{BlockLimit: 1})
		l.Start()
		defer l.Close()
		first := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return 0, quartet.Block(ctx, func() { time.Sleep(time.Hour) })
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin, ran := time.Now(), false
		_, err := quartet.Do(ctx, l, func(ctx context.Context) (int, error) {
			return 0, quartet.Block(ctx, func() { ran = true })
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begin))
		_, err = first.Await(t.Context())
		require.NoError(t, err)
		require.False(t, ran)
	})
}

func TestAnEndlessChainOfTicksIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := 0
		l := eventloop.New(eventloop.Config{OnSlow: func(time.Duration, []byte) { reports++ }})
		left := 100
		var tick func()
		tick = func() {
			time.Sleep(10 * time.Millisecond)
			if left--; left > 0 {
				l.NextTick(tick)
			}
		}
		require.NoError(t, l.Post(tick))
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, 1, reports)
		require.Equal(t, uint64(99), l.Health().Ticks)
	})
}

func TestDeepAwait(t *testing.T) {
	depth := 20_000
	if raceEnabled {
		depth = 5_000 // the race detector makes goroutines dear
	}
	l := eventloop.New(eventloop.Config{InFlight: 200_000})
	l.Start()
	defer l.Close()
	var down func(ctx context.Context, depth int) (int, error)
	down = func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 0, nil
		}
		v, err := quartet.Go(ctx, l, func(ctx context.Context) (int, error) { return down(ctx, depth-1) }).Await(ctx)
		return v + 1, err
	}
	got, err := quartet.Do(t.Context(), l, func(ctx context.Context) (int, error) { return down(ctx, depth) })
	require.NoError(t, err)
	require.Equal(t, depth, got)
}
