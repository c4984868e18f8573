package workerpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/workerpool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var fan = quartet.Declare[int, int]("workerpool_test.fan")

func init() {
	fan.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		ex, _ := quartet.Current(ctx)
		a, b := fan.Go(ctx, ex, depth-1), fan.Go(ctx, ex, depth-1)
		vs, err := quartet.AwaitAll(ctx, a, b)
		if err != nil {
			return 0, err
		}
		return vs[0] + vs[1], nil
	})
}

func TestFanOutOnOneWorkerAndAShortQueue(t *testing.T) {
	for _, cfg := range []workerpool.Config{{Workers: 1}, {Workers: 1, Queue: 1}, {Workers: 3, Queue: 2}} {
		synctest.Test(t, func(t *testing.T) {
			p := workerpool.New(cfg)
			defer p.Close()
			got, err := fan.Do(t.Context(), p, 8)
			require.NoError(t, err)
			require.Equal(t, 256, got)
		})
	}
}

func TestDeepAwait(t *testing.T) {
	depth := 20_000
	switch {
	case raceEnabled:
		depth = 5_000 // the race detector makes goroutines dear
	case executortest.Long():
		depth = 100_000
	}
	p := workerpool.New(workerpool.Config{Workers: 1, InFlight: 200_000})
	defer p.Close()
	var down func(ctx context.Context, depth int) (int, error)
	down = func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 0, nil
		}
		v, err := quartet.Go(ctx, p, func(ctx context.Context) (int, error) { return down(ctx, depth-1) }).Await(ctx)
		return v + 1, err
	}
	got, err := quartet.Do(t.Context(), p, func(ctx context.Context) (int, error) { return down(ctx, depth) })
	require.NoError(t, err)
	require.Equal(t, depth, got)
}

func TestTryGoRefusesWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		hold := make(chan struct{})
		require.NoError(t, p.Go(func() { <-hold }))
		require.True(t, p.TryGo(func() {}))
		require.False(t, p.TryGo(func() {}))
		close(hold)
		require.NoError(t, p.Shutdown(t.Context()))
		require.False(t, p.TryGo(func() {}))
		require.ErrorIs(t, p.Go(func() {}), quartet.ErrClosed)
		require.Equal(t, uint64(2), p.Stats().Done)
		require.Equal(t, uint64(3), p.Stats().Rejected)
	})
}

func TestRejectNamesSaturation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1, Saturation: workerpool.Reject})
		hold := make(chan struct{})
		require.NoError(t, p.Go(func() { <-hold }))
		require.NoError(t, p.Go(func() {}))
		require.ErrorIs(t, p.Go(func() {}), quartet.ErrSaturated)
		_, err := quartet.Do(t.Context(), p, func(context.Context) (int, error) { return 1, nil })
		require.ErrorIs(t, err, quartet.ErrSaturated)
		close(hold)
		require.NoError(t, p.Close())
	})
}

func TestIdleWorkersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4, MinWorkers: 1, IdleTimeout: time.Second})
		var wg sync.WaitGroup
		for range 4 {
			wg.Add(1)
			require.NoError(t, p.Go(func() { time.Sleep(time.Millisecond); wg.Done() }))
		}
		wg.Wait()
		synctest.Wait()
		require.Equal(t, 4, workerpool.Idle(p))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1, workerpool.Idle(p))
		require.NoError(t, p.Go(func() {}), "and the pool still works")
		require.NoError(t, p.Shutdown(t.Context()))
		require.Equal(t, 0, workerpool.Idle(p))
	})
}

func TestForeignWaitLeavesTheSlotAccountRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		defer p.Close()
		resumed := make(chan func(), 1)
		foreign := make(chan error, 1)
		_, err := quartet.Do(t.Context(), p, func(ctx context.Context) (int, error) {
			go func() { foreign <- quartet.Suspend(ctx, func(resume func()) { resumed <- resume }) }()
			resume := <-resumed
			defer resume()
			return 1, nil
		})
		require.NoError(t, err)
		require.NoError(t, <-foreign)
		var running, most atomic.Int32
		for range 8 {
			require.NoError(t, p.Go(func() {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Millisecond)
				running.Add(-1)
			}))
		}
		require.NoError(t, p.Shutdown(t.Context()))
		require.Equal(t, int32(1), most.Load())
	})
}

func TestBadConfigPanicsNamingTheField(t *testing.T) {
	for field, cfg := range map[string]workerpool.Config{
		"Workers": {Workers: -1}, "MinWorkers": {MinWorkers: -1}, "Queue": {Queue: -2}, "InFlight": {InFlight: -1},
		"IdleTimeout": {IdleTimeout: -1}, "CloseWarning": {CloseWarning: -1}, "Saturation": {Saturation: 9},
	} {
		func() {
			defer func() { require.Contains(t, recover(), "workerpool: Config."+field) }()
			workerpool.New(cfg)
		}()
	}
}

func TestNilIsAPanicAtTheCall(t *testing.T) {
	p := workerpool.New(workerpool.Config{})
	defer p.Close()
	require.PanicsWithValue(t, "workerpool: Go of a nil func", func() { _ = p.Go(nil) })
	require.PanicsWithValue(t, "workerpool: TryGo of a nil func", func() { p.TryGo(nil) })
	require.PanicsWithValue(t, "workerpool: SubmitTask of a nil task", func() { _ = p.SubmitTask(t.Context(), nil) })
	require.PanicsWithValue(t, "workerpool: SubmitCall of a nil task", func() { _ = p.SubmitCall(t.Context(), nil) })
	require.Zero(t, p.Stats().Submitted)
}

func TestBareGoexitAndPanicGoToOnPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make(chan error, 2)
		p := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(err error) { seen <- err }})
		require.NoError(t, p.Go(func() { panic("boom") }))
		require.NoError(t, p.Go(func() { runtime.Goexit() }))
		var pe *quartet.PanicError
		require.ErrorAs(t, <-seen, &pe)
		require.Equal(t, "boom", pe.Value)
		require.True(t, errors.Is(<-seen, quartet.ErrGoexit))
		require.NoError(t, p.Go(func() {}))
		require.NoError(t, p.Shutdown(t.Context()))
		require.Equal(t, uint64(2), p.Stats().Failed)
		require.Equal(t, uint64(1), p.Stats().Done)
	})
}
