package workerpool_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// Each key runs its tasks in order and one at a time, and a slow key blocks no other.
func TestKeysKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys, each = 1000, 8
		p := workerpool.New(workerpool.Config{Workers: 4, Queue: keys * each, OnPanic: func(error) {}})
		var seen [keys][]int
		var inside [keys]atomic.Int32
		r := rand.New(rand.NewPCG(3, 4))
		for i := range each {
			for k := range keys {
				delay := time.Duration(r.IntN(1000)) * time.Microsecond
				require.NoError(t, p.Key(k).SubmitTask(t.Context(), quartet.TaskFunc(func(ctx context.Context) {
					require.Equal(t, int32(1), inside[k].Add(1), "one at a time")
					_ = quartet.Sleep(ctx, delay)
					quartet.Yield(ctx) // gives the slot, not the key
					seen[k] = append(seen[k], i)
					inside[k].Add(-1)
					if i == 3 && k%10 == 0 {
						panic("the order outlives it")
					}
				})))
			}
		}
		require.NoError(t, p.Shutdown(t.Context()))
		for k := range keys {
			require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, seen[k])
		}
	})
}

func TestASlowKeyBlocksNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 2})
		release := make(chan struct{})
		for range 10 {
			require.NoError(t, p.Key("slow").SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) {
				<-release
			})))
		}
		_, err := quartet.Do(t.Context(), p.Key("fast"), func(context.Context) (int, error) { return 1, nil })
		require.NoError(t, err)
		close(release)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// A task that awaits what its own key holds up is told so, on a queue's every level.
func TestAwaitUnderTheOwnKeyIsADeadlock(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 2})
	defer p.Close()
	_, err := quartet.Do(t.Context(), p.Key(1), func(ctx context.Context) (int, error) {
		own := quartet.Go(ctx, p.Key(1), func(context.Context) (int, error) { return 1, nil })
		_, err := own.Await(ctx)
		require.ErrorIs(t, err, quartet.ErrDeadlock)
		other, err := quartet.Do(ctx, p.Key(2), func(context.Context) (int, error) { return 2, nil })
		require.NoError(t, err)
		return other, nil
	})
	require.NoError(t, err)
}

// High overtakes, and of 16 starts low and normal have one each.
func TestPriorities(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 1})
	defer p.Close()
	var mu sync.Mutex
	var order []workerpool.Level
	release := make(chan struct{})
	running := make(chan struct{})
	require.NoError(t, p.Go(func() { close(running); <-release }))
	<-running
	for _, level := range []workerpool.Level{workerpool.Low, workerpool.Normal, workerpool.High} {
		for range 40 {
			require.NoError(t, p.Priority(level).SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, level)
			})))
		}
	}
	close(release)
	require.NoError(t, p.Shutdown(t.Context()))
	require.Len(t, order, 120)
	for at := 0; at+16 <= 40; at += 16 {
		count := map[workerpool.Level]int{}
		for _, level := range order[at : at+16] {
			count[level]++
		}
		require.Equal(t, map[workerpool.Level]int{workerpool.High: 14, workerpool.Normal: 1, workerpool.Low: 1}, count)
	}
}

// A limit holds for those that do not wait, and a nested await under a limit of one makes progress.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 8})
		limit := p.Limit(2)
		var running, most atomic.Int32
		var fs []*quartet.Future[int]
		for i := range 50 {
			var r quartet.Runner = limit
			if i%2 == 0 {
				r = limit.Key(i % 6)
			}
			fs = append(fs, quartet.Go(t.Context(), r, func(ctx context.Context) (int, error) {
				most.Store(max(most.Load(), running.Add(1)))
				_ = quartet.Sleep(ctx, time.Millisecond)
				running.Add(-1)
				_, err := quartet.Do(ctx, p, func(context.Context) (int, error) { return 0, nil })
				return 1, err
			}))
		}
		_, err := quartet.AwaitAll(t.Context(), fs...)
		require.NoError(t, err)
		require.Equal(t, int32(2), most.Load())
		one := p.Limit(1)
		var fan func(ctx context.Context, depth int) (int, error)
		fan = func(ctx context.Context, depth int) (int, error) {
			if depth == 0 {
				return 1, nil
			}
			a := quartet.Go(ctx, one, func(ctx context.Context) (int, error) { return fan(ctx, depth-1) })
			b := quartet.Go(ctx, one, func(ctx context.Context) (int, error) { return fan(ctx, depth-1) })
			x, err := a.Await(ctx)
			if err != nil {
				return 0, err
			}
			y, err := b.Await(ctx)
			return x + y, err
		}
		sum, err := quartet.Do(t.Context(), one, func(ctx context.Context) (int, error) { return fan(ctx, 6) })
		require.NoError(t, err)
		require.Equal(t, 64, sum)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// Places of a limit that come free while a task wants its own back are not lost when that goes on.
func TestLimitIsUsedInFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 3})
		limit := p.Limit(2)
		var resume func()
		hold, last := make(chan struct{}), make(chan struct{})
		submit := func(fn func(ctx context.Context)) {
			require.NoError(t, limit.SubmitTask(t.Context(), quartet.TaskFunc(fn)))
		}
		submit(func(ctx context.Context) {
			_ = quartet.Suspend(ctx, func(r func()) { resume = r })
			<-last
		})
		for range 2 {
			submit(func(context.Context) { <-hold })
		}
		for range 2 {
			submit(func(context.Context) { <-last })
		}
		synctest.Wait()
		p.Resize(1)
		resume()
		synctest.Wait()
		close(hold) // both places come free, and one slot, which the first takes
		synctest.Wait()
		p.Resize(3)
		synctest.Wait()
		require.Equal(t, uint64(2), p.Stats().Running)
		close(last)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestViewsAreNotShutDown(t *testing.T) {
	p := workerpool.New(workerpool.Config{})
	defer p.Close()
	for _, v := range []quartet.Runner{p.Key(1), p.Limit(1), p.Limit(1).Key(1), p.Priority(workerpool.High)} {
		require.ErrorIs(t, v.Close(), workerpool.ErrView)
		require.ErrorIs(t, v.Shutdown(t.Context()), workerpool.ErrView)
		ex, err := quartet.Do(t.Context(), v, func(ctx context.Context) (quartet.Executor, error) {
			ex, _ := quartet.Current(ctx)
			return ex, nil
		})
		require.NoError(t, err)
		require.Same(t, p, ex)
	}
	require.PanicsWithValue(t, "workerpool: Limit(0): nothing would ever run", func() { p.Limit(0) })
	require.Panics(t, func() { p.Key(nil) })
	require.Panics(t, func() { p.Key([]int{1}) })
	require.Panics(t, func() { p.Priority(7) })
}

// Whatever waits for what the own key holds up says so, once nothing else is left to wait for.
func TestWaitsUnderTheOwnKeyAreDeadlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4})
		key := p.Key("own")
		one := func(context.Context, int) (int, error) { return 1, nil }
		upTo := func(n int) iter.Seq[int] {
			return func(yield func(int) bool) {
				for i := 0; i < n && yield(i); i++ {
				}
			}
		}
		waits := map[string]func(ctx context.Context) (others int, err error){
			"AwaitAll": func(ctx context.Context) (int, error) {
				_, err := quartet.AwaitAll(ctx, goOne(ctx, key), goOne(ctx, key))
				return 2, err
			},
			"Completed": func(ctx context.Context) (n int, err error) {
				for _, err = range quartet.Completed(ctx, goOne(ctx, key), goOne(ctx, p), goOne(ctx, key),
					goOne(ctx, p.Key("other"))) {
					if err == nil {
						n++
					}
				}
				return n, err
			},
			"Map in order": func(ctx context.Context) (int, error) {
				for _, err := range quartet.Map(ctx, key, upTo(3), one) {
					return 2, err
				}
				return 0, nil
			},
			"Map unordered": func(ctx context.Context) (int, error) {
				for _, err := range quartet.Map(ctx, key, upTo(3), one, quartet.Unordered()) {
					return 2, err
				}
				return 0, nil
			},
		}
		for name, wait := range waits {
			err := quartet.Run(t.Context(), key, func(ctx context.Context) error {
				n, err := wait(ctx)
				require.Equal(t, 2, n, "%s: what is not held comes first", name)
				return err
			})
			require.ErrorIs(t, err, quartet.ErrDeadlock, name)
		}
		require.NoError(t, p.Shutdown(t.Context()))
		require.Zero(t, p.Stats().Waiting)
	})
}

func goOne(ctx context.Context, r quartet.Runner) *quartet.Future[int] {
	return quartet.Go(context.WithoutCancel(ctx), r, func(context.Context) (int, error) { return 1, nil })
}

// A wait that can end, since another holds the key, is none.
func TestWaitsUnderAnotherKeyAreNoDeadlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4})
		other := p.Key("other")
		hold := quartet.Go(t.Context(), other, func(ctx context.Context) (int, error) {
			return 0, quartet.Sleep(ctx, time.Hour)
		})
		require.NoError(t, quartet.Run(t.Context(), p.Key("own"), func(ctx context.Context) error {
			n := 0
			for _, err := range quartet.Completed(ctx, goOne(ctx, other), goOne(ctx, other)) {
				require.NoError(t, err)
				n++
			}
			require.Equal(t, 2, n)
			return nil
		}))
		_, err := hold.Await(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestKeysThatCannotBe(t *testing.T) {
	p := workerpool.New(workerpool.Config{})
	defer p.Close()
	for _, key := range []any{nil, []int{1}, func() {}, map[int]int{}, any([]int{}), struct{ a any }{[]int{}}} {
		require.Panics(t, func() { p.Key(key) }, "%T", key)
		require.Panics(t, func() { p.Limit(1).Key(key) }, "%T", key)
	}
	for _, key := range []any{
		math.NaN(), float32(math.NaN()),
		struct{ at float64 }{math.NaN()},
		[1]any{math.NaN()},
		complex(0, math.NaN()),
	} {
		require.PanicsWithValue(t, fmt.Sprintf("workerpool: Key of a %T that does not equal itself: %v", key, key),
			func() { p.Key(key) })
	}
	p.Key(math.Inf(1))
}
