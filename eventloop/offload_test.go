package eventloop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// narrow is an executor that has room for one task, and lets a submitter wait for it.
type narrow struct {
	quartet.Runner
	room chan struct{}
}

func newNarrow() *narrow { return &narrow{quartet.Inline(), make(chan struct{}, 1)} }

func (n *narrow) SubmitTask(ctx context.Context, t quartet.Task) error {
	select {
	case n.room <- struct{}{}:
		go func() {
			_ = n.Runner.SubmitTask(ctx, t)
			<-n.room
		}()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (n *narrow) SubmitCall(ctx context.Context, c quartet.Call) error { return n.SubmitTask(ctx, c) }

var double = quartet.Define("eventloop_test.double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

func ExampleLoop_Offload() {
	loop := eventloop.New(eventloop.Config{})
	pool := loop.Offload(quartet.Serialized(quartet.Inline())) // a pool or a process pool, say
	_ = loop.Post(func() {
		eventloop.Then(loop, double.Go(context.Background(), pool, 21), func(v int, err error) { fmt.Println(v, err) })
		fmt.Println("the loop goes on")
	})
	_ = loop.Run(context.Background())
	// Output:
	// the loop goes on
	// 42 <nil>
}

func ExampleLoop_Go() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Go(func(ctx context.Context) {
		fmt.Println("one")
		_ = quartet.Sleep(ctx, time.Millisecond)
		fmt.Println("two")
	})
	_ = loop.Run(context.Background())
	// Output:
	// one
	// two
}

func TestOffloadNeverBlocksTheLoopAndKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, n := eventloop.New(eventloop.Config{}), newNarrow()
		view := l.OffloadRunner(n)
		var ran []int
		begin := time.Now()
		require.NoError(t, l.Post(func() {
			for i := range 10 {
				f := quartet.Go(t.Context(), view, func(ctx context.Context) (int, error) {
					time.Sleep(time.Second)
					return i, nil
				})
				eventloop.Then(l, f, func(v int, err error) {
					require.NoError(t, err)
					ran = append(ran, v)
				})
			}
			require.Zero(t, time.Since(begin), "submitting took no time")
		}))
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, 10*time.Second, time.Since(begin))
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, ran)
		require.NoError(t, l.Close())
	})
}

func TestATaskAwaitsWhatItOffloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{Debug: true})
		l.Start()
		view := l.OffloadRunner(newNarrow())
		v, err := quartet.Do(t.Context(), l, func(ctx context.Context) (int, error) {
			first := quartet.Go(ctx, view, func(context.Context) (int, error) {
				time.Sleep(time.Second)
				return 1, nil
			})
			second := double.Go(ctx, view, 21) // waits for room on a goroutine that must not be taken for this task's
			vs, err := quartet.AwaitAll(ctx, first, second)
			return vs[0] + vs[1], err
		})
		require.NoError(t, err)
		require.Equal(t, 43, v)
		require.NoError(t, l.Shutdown(t.Context()))
	})
}

func TestCloseAbandonsWhatWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, n := eventloop.New(eventloop.Config{}), newNarrow()
		l.Start()
		view := l.OffloadRunner(n)
		one := func(context.Context) (int, error) { time.Sleep(time.Hour); return 1, nil }
		first, second, third := quartet.Go(t.Context(), view, one), quartet.Go(t.Context(), view, one),
			quartet.Go(t.Context(), view, one)
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, l.Close())
		require.Zero(t, time.Since(begin))
		for _, f := range []*quartet.Future[int]{second, third} {
			_, err := f.Result()
			require.ErrorIs(t, err, quartet.ErrClosed)
		}
		_, err := first.Await(t.Context())
		require.NoError(t, err, "what another executor has is that one's")
		require.ErrorIs(t, view.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) {})), quartet.ErrClosed)
		require.ErrorIs(t, view.Close(), eventloop.ErrView)
		require.ErrorIs(t, view.Shutdown(t.Context()), eventloop.ErrView)
		n.room <- struct{}{}
	})
}

func TestACancelledErrandIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, n := eventloop.New(eventloop.Config{}), newNarrow()
		l.Start()
		view := l.OffloadRunner(n)
		first := quartet.Go(t.Context(), view, func(context.Context) (int, error) {
			time.Sleep(time.Hour)
			return 1, nil
		})
		synctest.Wait()
		var abandoned, ran atomic.Int32
		ctx, cancel := context.WithCancelCause(t.Context())
		second := quartet.Go(ctx, view, func(context.Context) (int, error) { ran.Add(1); return 1, nil })
		third := quartet.Go(t.Context(), view, func(context.Context) (int, error) { ran.Add(1); return 1, nil })
		require.NoError(t, view.SubmitTask(ctx, bare{&ran, &abandoned}))
		cause := errors.New("why")
		require.True(t, third.Cancel(cause))
		cancel(cause)
		for _, f := range []*quartet.Future[int]{second, third} {
			_, err := f.Await(t.Context())
			require.ErrorIs(t, err, cause)
		}
		_, err := first.Await(t.Context())
		require.NoError(t, err)
		require.NoError(t, l.Shutdown(t.Context()))
		require.Equal(t, []int32{0, 1}, []int32{ran.Load(), abandoned.Load()})
	})
}

type bare struct{ ran, abandoned *atomic.Int32 }

func (b bare) Run(context.Context) { b.ran.Add(1) }
func (b bare) Abandon(error)       { b.abandoned.Add(1) }

func TestGoNeverWaits(t *testing.T) {
	l := eventloop.New(eventloop.Config{Queue: 1})
	require.NoError(t, l.Go(func(context.Context) {}))
	require.ErrorIs(t, l.Go(func(context.Context) {}), quartet.ErrSaturated)
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Go(func(context.Context) {}), quartet.ErrClosed)
	require.PanicsWithValue(t, "eventloop: Go of a nil task", func() { _ = l.Go(nil) })
}

// What Shutdown waits for has a name.
func TestShutdownNamesWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		defer slog.SetDefault(slog.Default())
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		l := eventloop.New(eventloop.Config{CloseWarning: time.Second})
		l.Start()
		release := l.KeepAlive("a reply")
		stuck := quartet.Go(quartet.Label(t.Context(), "stuck"), l, func(ctx context.Context) (int, error) {
			return 0,
				quartet.Suspend(context.WithoutCancel(ctx), func(resume func()) { time.AfterFunc(time.Hour, resume) })
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, l.Shutdown(ctx), context.DeadlineExceeded)
		synctest.Wait() // for the log
		require.Contains(t, log.String(), "eventloop: Shutdown still waits")
		require.Contains(t, log.String(), "task stuck")
		require.Contains(t, log.String(), "a reply:1")
		require.Equal(t, []string{"task stuck"}, l.Health().Tasks)
		log.Reset()
		require.NoError(t, l.Close())
		synctest.Wait()
		require.Contains(t, log.String(), "eventloop: Close still waits")
		require.Contains(t, log.String(), "task stuck")
		_, err := stuck.Result()
		require.NoError(t, err)
		release()
	})
}

func TestShutdownWaitsForKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		l.Start()
		release := l.KeepAlive("a reply")
		time.AfterFunc(time.Second, release)
		begin := time.Now()
		require.NoError(t, l.Shutdown(t.Context()))
		require.Equal(t, time.Second, time.Since(begin))
		release()
	})
}

func TestBlockGoroutinesAreReusedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		l.Start()
		for range 2 {
			fs := make([]*quartet.Future[int], 40)
			for i := range fs {
				fs[i] = quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
					return i, quartet.Block(ctx, func() { time.Sleep(time.Second) })
				})
			}
			synctest.Wait()
			require.Equal(t, 40, l.Health().Blocked)
			_, err := quartet.AwaitAll(t.Context(), fs...)
			require.NoError(t, err)
		}
		h := l.Health()
		require.Equal(t, []int{0, 40}, []int{h.Blocked, h.MaxBlocked})
		require.NoError(t, l.Close())
	})
}
