package workerpool_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// second is a task that takes a second.
func second(ctx context.Context) (int, error) { return 1, quartet.Sleep(ctx, time.Second) }

// A queue is as long as asked for.
func TestInFlightFollowsQueue(t *testing.T) {
	const many = 200_000
	p := workerpool.New(workerpool.Config{Workers: 1, Queue: many, Saturation: workerpool.Reject})
	release := make(chan struct{})
	require.NoError(t, p.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) { <-release })))
	for p.Stats().Running == 0 {
		quartet.Yield(t.Context())
	}
	bare := quartet.TaskFunc(func(context.Context) {})
	for i := range many {
		require.NoError(t, p.SubmitTask(t.Context(), bare), i)
	}
	require.ErrorIs(t, p.SubmitTask(t.Context(), bare), quartet.ErrSaturated)
	close(release)
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestNoQueueAcceptsOnlyWhatStartsAtOnce(t *testing.T) {
	for _, full := range []workerpool.Saturation{workerpool.Reject, workerpool.DropOldest} {
		synctest.Test(t, func(t *testing.T) {
			p := workerpool.New(workerpool.Config{Workers: 2, Queue: workerpool.NoQueue, Saturation: full})
			key, limit := p.Key("a"), p.Limit(1)
			first, held := quartet.Go(t.Context(), key, second), quartet.Go(t.Context(), key, second)
			_, err := held.Result()
			require.ErrorIs(t, err, quartet.ErrSaturated, "a worker is free, and the key is taken")
			other := quartet.Go(t.Context(), limit, second)
			require.ErrorIs(t, p.Go(func() {}), quartet.ErrSaturated)
			require.False(t, p.TryGo(func() {}))
			_, err = quartet.Go(t.Context(), p, nothing).Result()
			require.ErrorIs(t, err, quartet.ErrSaturated)
			_, err = quartet.AwaitAll(t.Context(), first, other)
			require.NoError(t, err)
			synctest.Wait()
			_, err = quartet.Do(t.Context(), limit.Key("b"), nothing)
			require.NoError(t, err)
			require.True(t, p.TryGo(func() {}))
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

func TestNoQueueWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: workerpool.NoQueue})
		begin := time.Now()
		_, err := quartet.Go(t.Context(), p, func(ctx context.Context) (int, error) {
			return quartet.Go(ctx, p, second).Await(ctx) // lends its slot while it waits for room
		}).Await(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.SubmitTask(t.Context(), quartet.TaskFunc(func(ctx context.Context) {
			_, _ = second(ctx)
		})))
		require.NoError(t, p.Go(func() { time.Sleep(time.Second) }))
		require.NoError(t, p.Go(func() {}))
		require.Equal(t, 3*time.Second, time.Since(begin), "each waited for the one before it")
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// The flood of one key or limit stays outside, and holds up nobody else.
func TestAtMost(t *testing.T) {
	for name, view := range map[string]func(p *workerpool.Pool) quartet.Runner{
		"key":             func(p *workerpool.Pool) quartet.Runner { return p.Key("a").AtMost(2) },
		"limit":           func(p *workerpool.Pool) quartet.Runner { return p.Limit(1).AtMost(2) },
		"limit's key":     func(p *workerpool.Pool) quartet.Runner { return p.Limit(4).Key("a").AtMost(2) },
		"key of a limit ": func(p *workerpool.Pool) quartet.Runner { return p.Limit(1).AtMost(2).Key("a") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := workerpool.New(workerpool.Config{Workers: 2, Saturation: workerpool.Reject})
				v := view(p)
				var fs []*quartet.Future[int]
				for range 3 { // one that runs, and two behind it
					fs = append(fs, quartet.Go(t.Context(), v, second))
				}
				_, err := quartet.Go(t.Context(), v, second).Result()
				require.ErrorIs(t, err, quartet.ErrSaturated)
				fs = append(fs, quartet.Go(t.Context(), p, second))
				_, err = fs[0].Await(t.Context())
				require.NoError(t, err)
				synctest.Wait()
				fs = append(fs, quartet.Go(t.Context(), v, second))
				require.True(t, fs[2].Cancel(nil), "its room is free again")
				fs = append(fs, quartet.Go(t.Context(), v, second))
				_, err = quartet.AwaitAll(t.Context(), fs[3:]...)
				require.NoError(t, err)
				require.NoError(t, p.Shutdown(t.Context()))
			})
		})
	}
}

func TestAtMostWaitsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 2})
		v := p.Key("a").AtMost(1)
		var done atomic.Int32
		for range 10 {
			go func() {
				if _, err := quartet.Go(t.Context(), v, second).Await(t.Context()); err == nil {
					done.Add(1)
				}
			}()
		}
		synctest.Wait()
		require.Equal(t, uint64(8), p.Stats().Blocked)
		begin := time.Now()
		_, err := quartet.Go(t.Context(), p, second).Await(t.Context())
		require.NoError(t, err)
		require.Equal(t, time.Second, time.Since(begin), "nobody else waits for them")
		gone, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err = quartet.Go(gone, v, second).Await(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(20 * time.Second)
		require.EqualValues(t, 10, done.Load())
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// A submitter that waits for its key alone is not at the door: others pass it at once.
func TestAtMostKeepsNobodyFromTheDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 2})
		v := p.Key("a").AtMost(1)
		for range 2 { // one runs, one is its backlog
			quartet.Go(t.Context(), v, second)
		}
		synctest.Wait()
		go quartet.Go(t.Context(), v, second)
		synctest.Wait()
		require.EqualValues(t, 1, p.Stats().Blocked)
		begin := time.Now()
		_, err := quartet.Go(t.Context(), p, second).Await(t.Context())
		require.NoError(t, err)
		require.Equal(t, time.Second, time.Since(begin))
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// With no backlog at all a submit waits until its key is free.
func TestAtMostZeroWaitsForTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4, Queue: workerpool.NoQueue})
		v := p.Key("a").AtMost(0)
		begin := time.Now()
		for range 4 {
			require.NoError(t, v.SubmitTask(t.Context(), quartet.TaskFunc(func(ctx context.Context) {
				_, _ = second(ctx)
			})))
		}
		require.Equal(t, 3*time.Second, time.Since(begin))
		go func() { _ = v.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) {})) }()
		synctest.Wait()
		require.EqualValues(t, 1, p.Stats().Blocked)
		require.NoError(t, p.Close(), "who waits apart is turned away")
		synctest.Wait()
		require.EqualValues(t, 1, p.Stats().Rejected)
	})
}

func TestAtMostDropsTheOldestOfItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Saturation: workerpool.DropOldest})
		v := p.Key("a").AtMost(1)
		other := quartet.Go(t.Context(), p, second)
		first, second1, third := quartet.Go(t.Context(), v, second), quartet.Go(t.Context(), v, second),
			quartet.Go(t.Context(), v, second)
		_, err := second1.Await(t.Context())
		require.ErrorIs(t, err, quartet.ErrDiscarded)
		_, err = quartet.AwaitAll(t.Context(), other, first, third)
		require.NoError(t, err)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestAtMostOfNonsense(t *testing.T) {
	p := workerpool.New(workerpool.Config{})
	require.PanicsWithValue(t, "workerpool: AtMost(-1) is negative", func() { p.Key(1).AtMost(-1) })
	require.PanicsWithValue(t, "workerpool: AtMost(-1) is negative", func() { p.Limit(1).AtMost(-1) })
	require.PanicsWithValue(t, "workerpool: AtMost of a view that has neither a key nor a limit",
		func() { p.Priority(workerpool.High).AtMost(1) })
	require.Panics(t, func() { workerpool.New(workerpool.Config{Queue: -2}) })
}
