package workerpool_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// Under a flood of high ones that never ends, a low task and a normal one start within 16 starts.
func TestNoPriorityStarves(t *testing.T) {
	for _, level := range []workerpool.Level{workerpool.Low, workerpool.Normal} {
		synctest.Test(t, func(t *testing.T) {
			p := workerpool.New(workerpool.Config{Workers: 1})
			high := p.Priority(workerpool.High)
			starts, served := 0, 0
			var flood quartet.TaskFunc
			flood = func(context.Context) {
				if starts++; served == 0 {
					_ = high.SubmitTask(t.Context(), flood)
				}
			}
			for warm := range 40 { // wherever in the round it arrives
				served = 0
				require.NoError(t, high.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) {
					_ = high.SubmitTask(t.Context(), flood)
					_ = p.Priority(level).SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) {
						served = starts
					}))
					starts = 1
				})))
				synctest.Wait()
				require.Positive(t, served, "round %d", warm)
				require.LessOrEqual(t, served, 16, "round %d", warm)
			}
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

// However often the size changes, every task runs once, and none starts while as many run as the
// size allows.
func TestResizeUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const submitters, each = 8, 300
		p := workerpool.New(workerpool.Config{Workers: 4, Queue: 16})
		var size, running, over, ran atomic.Int32
		size.Store(4)
		task := func() {
			if running.Add(1) > size.Load() {
				over.Add(1)
			}
			time.Sleep(time.Millisecond)
			running.Add(-1)
			ran.Add(1)
		}
		var wg sync.WaitGroup
		for i := range submitters {
			wg.Go(func() {
				for j := range each {
					if (i+j)%2 == 0 {
						assertNil(t, p.Go(task))
					} else {
						assertNil(t, p.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) { task() })))
					}
				}
			})
		}
		r := rand.New(rand.NewPCG(5, 6))
		time.Sleep(time.Millisecond / 2) // between the ends of the tasks, which fall on whole milliseconds
		for ran.Load() < submitters*each {
			synctest.Wait()
			n := 1 + r.IntN(12)
			size.Store(int32(n))
			p.Resize(n)
			time.Sleep(time.Duration(1+r.IntN(2)) * time.Millisecond)
		}
		wg.Wait()
		require.NoError(t, p.Shutdown(t.Context()))
		require.Zero(t, over.Load(), "started beyond the size")
		require.Equal(t, uint64(submitters*each), p.Stats().Done)
		require.Zero(t, p.Stats().Rejected+p.Stats().Abandoned)
	})
}

func assertNil(t *testing.T, err error) {
	if err != nil {
		t.Error(err)
	}
}

// Nobody closes this pool: the bubble could not end if it kept a goroutine.
func TestIdlePoolKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4, IdleTimeout: time.Second})
		require.False(t, workerpool.HasTimer(p), "before its first task")
		for range 10 {
			require.NoError(t, p.Go(func() { time.Sleep(time.Millisecond) }))
			_, err := quartet.Do(t.Context(), p.Key(1), nothing)
			require.NoError(t, err)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.True(t, workerpool.HasTimer(p), "which would end them")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Zero(t, workerpool.Idle(p))
		require.False(t, workerpool.HasTimer(p))
	})
}

// Workers that MinWorkers keeps need no timer.
func TestKeptWorkersNeedNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4, MinWorkers: 2, IdleTimeout: time.Second})
		for range 4 {
			require.NoError(t, p.Go(func() { time.Sleep(time.Millisecond) }))
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Equal(t, 2, workerpool.Idle(p))
		require.False(t, workerpool.HasTimer(p))
		require.NoError(t, p.Close())
	})
}

// A smaller pool lets idle workers go, whatever MinWorkers says.
func TestResizeBelowMinWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 4, MinWorkers: 4, IdleTimeout: time.Second})
		release := make(chan struct{})
		for range 4 {
			require.NoError(t, p.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) { <-release })))
		}
		synctest.Wait()
		close(release)
		time.Sleep(time.Hour)
		require.Equal(t, 4, workerpool.Idle(p))
		p.Resize(2)
		time.Sleep(time.Hour)
		require.Equal(t, 2, workerpool.Idle(p))
		p.Resize(8)
		require.NoError(t, quartet.Run(t.Context(), p, func(context.Context) error { return nil }))
		require.NoError(t, p.Close())
	})
}

// A task that leaves its thread locked, once or twice, however it ends, does not leave the next one
// on it.
func TestAThreadLeftLocked(t *testing.T) {
	locked := func() bool {
		var stack [64]byte
		return strings.Contains(string(stack[:runtime.Stack(stack[:], false)]), "locked to thread")
	}
	lock := func(times int) {
		for range times {
			runtime.LockOSThread()
		}
		require.True(t, locked())
	}
	for name, leave := range map[string]func(p *workerpool.Pool, times int) error{
		"a task": func(p *workerpool.Pool, times int) error {
			_, err := quartet.Go(t.Context(), p,
				func(context.Context) (int, error) { lock(times); return 0, nil }).Await(t.Context())
			return err
		},
		"a bare task that panics": func(p *workerpool.Pool, times int) error {
			return p.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) { lock(times); panic("x") }))
		},
		"a leaf": func(p *workerpool.Pool, times int) error { return p.Go(func() { lock(times) }) },
		"a leaf that panics": func(p *workerpool.Pool, times int) error {
			return p.Go(func() { lock(times); panic("x") })
		},
	} {
		for times := 1; times <= 2; times++ {
			p := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(error) {}})
			require.NoError(t, leave(p, times), name)
			after := make(chan bool, 2)
			require.NoError(t, p.Go(func() { after <- locked() }))
			require.NoError(t, p.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) { after <- locked() })))
			require.False(t, <-after, "%s, locked %d times: a leaf after it", name, times)
			require.False(t, <-after, "%s, locked %d times: a task after it", name, times)
			require.NoError(t, p.Close())
		}
	}
}

// A place at a limit that comes back to a task since a queued one is abandoned brings that task a
// slot too.
func TestAPlaceOfAnAbandonedTaskWakesWhoWantsItBack(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			p := workerpool.New(workerpool.Config{Workers: 1})
			limit := p.Limit(2)
			require.NoError(t, quartet.Run(t.Context(), limit, func(ctx context.Context) error {
				theirs, cancel := context.WithCancel(t.Context())
				ready := quartet.Go(theirs, limit, nothing)
				held := quartet.Go(theirs, limit, nothing)
				cancel()
				quartet.Yield(ctx) // its place goes to held, and both end without having started
				for _, f := range []*quartet.Future[int]{ready, held} {
					_, err := f.Await(ctx)
					require.ErrorIs(t, err, context.Canceled)
				}
				return nil
			}))
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}
