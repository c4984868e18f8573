package procpool_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// busyPool is a pool whose only worker is busy until release is called.
func busyPool(t *testing.T, cfg procpool.Config) (p *procpool.Pool, release func()) {
	hook, next := lines()
	cfg.Workers, cfg.OnOutput = 1, hook
	p = newPool(t, cfg)
	ctx, cancel := context.WithCancel(bounded(t))
	t.Cleanup(cancel)
	blocker := untilCancelled.Go(ctx, p, none{})
	require.Equal(t, "started", next(t))
	return p, func() {
		cancel()
		_, err := blocker.Await(bounded(t))
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestDropOldest(t *testing.T) {
	p, release := busyPool(t, procpool.Config{Queue: 2, Saturation: procpool.DropOldest})
	ctx := bounded(t)
	first, second, third := double.Go(ctx, p, 1), double.Go(ctx, p, 2), double.Go(ctx, p, 3)
	_, err := first.Await(ctx)
	require.ErrorIs(t, err, quartet.ErrDiscarded)
	_, err = double.Go(ctx, p.Priority(procpool.Low), 4).Await(ctx)
	require.ErrorIs(t, err, quartet.ErrSaturated, "a low one does not push out a normal one")
	release()
	got, err := quartet.AwaitAll(ctx, second, third)
	require.NoError(t, err)
	require.Equal(t, []int{4, 6}, got)
}

func TestPriority(t *testing.T) {
	p, release := busyPool(t, procpool.Config{})
	ctx := bounded(t)
	order := make(chan procpool.Level, 3)
	for _, level := range []procpool.Level{procpool.Low, procpool.Normal, procpool.High} {
		double.Go(ctx, p.Priority(level), 0).OnDone(func() { order <- level })
	}
	release()
	require.Equal(t, procpool.High, <-order)
	require.Equal(t, procpool.Normal, <-order)
	require.Equal(t, procpool.Low, <-order)
	require.Panics(t, func() { p.Priority(2) })
	require.ErrorIs(t, p.Priority(procpool.High).Close(), procpool.ErrView)
	require.ErrorIs(t, p.Priority(procpool.High).Shutdown(ctx), procpool.ErrView)
}

func TestRejectLate(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1, RejectLate: true, ExactTimes: true})
	ctx := bounded(t)
	_, err := naps.Do(ctx, p, 50*time.Millisecond)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.Stats().Done == 1 }, time.Minute, time.Millisecond,
		"its time is known")
	require.Zero(t, p.ExpectedWait(), "a worker is free")
	var fs []*quartet.Future[int]
	for range 4 {
		fs = append(fs, naps.Go(ctx, p, 50*time.Millisecond))
	}
	require.GreaterOrEqual(t, p.ExpectedWait(), 50*time.Millisecond)
	soon, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = double.Go(soon, p, 1).Result()
	require.ErrorIs(t, err, quartet.ErrSaturated)
	_, err = double.Do(ctx, p, 1) // its deadline is far
	require.NoError(t, err)
	_, err = quartet.AwaitAll(ctx, fs...)
	require.NoError(t, err)
}

func TestResize(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	ctx := bounded(t)
	several := func(n int) {
		var fs []*quartet.Future[int]
		for range n {
			fs = append(fs, naps.Go(ctx, p, 20*time.Millisecond))
		}
		_, err := quartet.AwaitAll(ctx, fs...)
		require.NoError(t, err)
	}
	several(3)
	require.Len(t, p.PIDs(), 1)
	p.Resize(3)
	require.Eventually(t, func() bool { several(6); return len(p.PIDs()) == 3 }, time.Minute, time.Millisecond)
	p.Resize(2)
	require.Eventually(t, func() bool { return len(p.PIDs()) == 2 }, time.Minute, time.Millisecond)
	several(6)
	p.Resize(1)
	p.Resize(2)
	several(6)
	require.LessOrEqual(t, len(p.PIDs()), 2)
	require.Panics(t, func() { p.Resize(0) })
}

func ExamplePool_Priority() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	fmt.Println(square.Do(context.Background(), pool.Priority(procpool.High), 3))
	// Output: 9 <nil>
}

func ExamplePool_Resize() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	pool.Resize(2)
	fmt.Println(square.Do(context.Background(), pool, 4))
	// Output: 16 <nil>
}
