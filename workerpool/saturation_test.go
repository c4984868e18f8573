package workerpool_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func nothing(context.Context) (int, error) { return 0, nil }

func TestDropOldest(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 1, Queue: 2, Saturation: workerpool.DropOldest})
	defer p.Close()
	release := make(chan struct{})
	running := make(chan struct{})
	require.NoError(t, p.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) { close(running); <-release })))
	<-running
	first := quartet.Go(t.Context(), p, nothing)
	second := quartet.Go(t.Context(), p, nothing)
	third := quartet.Go(t.Context(), p, nothing)
	_, err := first.Await(t.Context())
	require.ErrorIs(t, err, quartet.ErrDiscarded)
	_, err = quartet.Go(t.Context(), p.Priority(workerpool.Low), nothing).Await(t.Context())
	require.ErrorIs(t, err, quartet.ErrSaturated, "a low one does not push out a normal one")
	close(release)
	_, err = quartet.AwaitAll(t.Context(), second, third)
	require.NoError(t, err)
}

func TestRejectLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 2, RejectLate: true})
		slow := func(ctx context.Context) (int, error) { return 0, quartet.Sleep(ctx, 100*time.Millisecond) }
		_, err := quartet.Do(t.Context(), p, slow)
		require.NoError(t, err)
		require.Zero(t, p.ExpectedWait(), "a worker is free")
		var fs []*quartet.Future[int]
		for range 6 {
			fs = append(fs, quartet.Go(t.Context(), p, slow))
		}
		synctest.Wait()
		require.Equal(t, 300*time.Millisecond, p.ExpectedWait(),
			"four ahead and itself, on two workers: two rounds after those that run")
		soon, cancel := context.WithTimeout(t.Context(), 399*time.Millisecond)
		defer cancel()
		_, err = quartet.Go(soon, p, nothing).Result()
		require.ErrorIs(t, err, quartet.ErrSaturated, "it would start in time, and end too late")
		late, cancel := context.WithTimeout(t.Context(), 401*time.Millisecond)
		defer cancel()
		_, err = quartet.Do(late, p, nothing)
		require.NoError(t, err)
		_, err = quartet.AwaitAll(t.Context(), fs...)
		require.NoError(t, err)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 4})
		for range 100 {
			go func() { _ = p.Go(func() { time.Sleep(time.Second) }) }()
		}
		synctest.Wait()
		require.Equal(t, uint64(1), p.Stats().Running)
		p.Resize(10)
		synctest.Wait()
		require.Equal(t, uint64(10), p.Stats().Running, "at once, and blocked submitters with it")
		p.Resize(2)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, uint64(2), p.Stats().Running)
		time.Sleep(time.Minute)
		require.Equal(t, uint64(100), p.Stats().Done)
		require.NoError(t, p.Shutdown(t.Context()))
		require.Panics(t, func() { p.Resize(0) })
	})
}

// Under a lasting overload accepted tasks are in time, and no task is refused that would have been.
func TestRejectLateKeepsWhatItAcceptsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes, within = 20 * time.Millisecond, 205 * time.Millisecond
		p := workerpool.New(workerpool.Config{Workers: 2, RejectLate: true})
		_, err := quartet.Do(t.Context(), p, func(context.Context) (int, error) { time.Sleep(takes); return 0, nil })
		require.NoError(t, err)
		var accepted, refused atomic.Int64
		for range 1000 {
			time.Sleep(takes / 10) // five times what two workers do
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				_, err := quartet.Do(ctx, p, func(context.Context) (int, error) {
					time.Sleep(takes)
					return 0, ctx.Err()
				})
				if errors.Is(err, quartet.ErrSaturated) {
					refused.Add(1)
				} else if assert.NoError(t, err, "accepted") {
					accepted.Add(1)
				}
			}()
		}
		synctest.Wait()
		require.NoError(t, p.Shutdown(t.Context()))
		synctest.Wait()
		require.Equal(t, int64(1000), accepted.Load()+refused.Load())
		require.GreaterOrEqual(t, accepted.Load(), int64(200), "the workers were never idle")
	})
}

// One task that takes for ever does not make an idle pool refuse all others.
func TestRejectLateRecoversFromALongTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 2, RejectLate: true})
		takes := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := quartet.Do(ctx, p, func(context.Context) (int, error) { time.Sleep(d); return 0, nil })
			return err
		}
		require.NoError(t, takes(time.Hour))
		for range 50 {
			require.NoError(t, takes(20*time.Millisecond))
		}
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// Before the first task has ended, its time so far bounds the estimate.
func TestRejectLateBeforeAnythingHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, RejectLate: true})
		takes := func(context.Context) (int, error) { time.Sleep(150 * time.Millisecond); return 0, nil }
		within, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		first := quartet.Go(within, p, takes)
		second := quartet.Go(within, p, takes)
		time.Sleep(120 * time.Millisecond)
		require.Equal(t, 240*time.Millisecond, p.ExpectedWait())
		_, err := quartet.Go(within, p, takes).Result()
		require.ErrorIs(t, err, quartet.ErrSaturated)
		_, err = quartet.AwaitAll(t.Context(), first, second)
		require.NoError(t, err)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// A submitter that finds a large queue full waits for half of it only where that is soon.
func TestRoomAmongSlowTasksIsGivenAwayAtOnce(t *testing.T) {
	for name, submit := range map[string]func(p *workerpool.Pool) error{
		"tasks": func(p *workerpool.Pool) error {
			return p.SubmitTask(context.Background(), quartet.TaskFunc(func(context.Context) {
				time.Sleep(time.Second)
			}))
		},
		"funcs": func(p *workerpool.Pool) error { return p.Go(func() { time.Sleep(time.Second) }) },
		"a key's": func(p *workerpool.Pool) error {
			return p.Key("slow").SubmitTask(context.Background(), quartet.TaskFunc(func(context.Context) {
				time.Sleep(time.Second)
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := workerpool.New(workerpool.Config{Workers: 1, Queue: 200})
				for range 201 {
					require.NoError(t, submit(p))
				}
				for range 5 {
					begin := time.Now()
					require.NoError(t, submit(p))
					require.LessOrEqual(t, time.Since(begin), time.Second+time.Millisecond)
				}
				require.NoError(t, p.Shutdown(t.Context()))
			})
		})
	}
}
