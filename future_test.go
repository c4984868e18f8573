package quartet_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// held returns a running future and what ends it.
func held(t *testing.T) (f *quartet.Future[int], end func()) {
	p := workerpool.New(workerpool.Config{Workers: 1})
	release := make(chan struct{})
	f = quartet.Go(t.Context(), p, func(context.Context) (int, error) { <-release; return 7, nil })
	return f, func() {
		close(release)
		require.NoError(t, p.Shutdown(context.Background()))
	}
}

func TestFutureBeforeAndAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, end := held(t)
		_, err := f.Result()
		require.Equal(t, quartet.ErrPending, err)
		early := f.Done()
		require.Equal(t, early, f.Done(), "one channel for all who ask")
		select {
		case <-early:
			t.Fatal("Done before the end")
		default:
		}
		end()
		<-early
		<-f.Done()
		for range 2 {
			got, err := f.Result()
			require.NoError(t, err)
			require.Equal(t, 7, got)
		}
	})
}

func TestAwaitIsBoundedByTheWaitersContextAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, end := held(t)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errOdd)
		defer cancel()
		_, err := f.Await(ctx)
		require.Equal(t, errOdd, err)
		_, err = f.Result()
		require.Equal(t, quartet.ErrPending, err, "the task goes on")
		end()
		got, err := f.Await(ctx)
		require.NoError(t, err, "an ended future wins over an ended ctx")
		require.Equal(t, 7, got)
	})
}

func TestManyWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, end := held(t)
		got := make(chan int, 30)
		for i := range 30 {
			go func() {
				ctx := context.Background()
				if i%2 == 0 {
					ctx = t.Context()
				}
				v, _ := f.Await(ctx)
				got <- v
			}()
		}
		synctest.Wait()
		end()
		for range 30 {
			require.Equal(t, 7, <-got)
		}
	})
}

func TestOnDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, end := held(t)
		var calls []string
		f.OnDone(func() { calls = append(calls, "first") })
		stop := f.OnDone(func() { calls = append(calls, "stopped") })
		f.OnDone(func() { runtime.Goexit() })
		f.OnDone(func() {
			v, err := f.Result()
			require.NoError(t, err)
			require.Equal(t, 7, v)
			calls = append(calls, "last")
		})
		require.True(t, stop())
		require.False(t, stop(), "once")
		end()
		require.Equal(t, []string{"first", "last"}, calls, "in order; a Goexit does not keep others from being called")

		stop = f.OnDone(func() { calls = append(calls, "late") })
		require.Equal(t, "late", calls[2], "at once after the end")
		require.False(t, stop())
		require.PanicsWithValue(t, "quartet: Future.OnDone of a nil func", func() { f.OnDone(nil) })
	})
}

func TestCancelOfAQueuedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		release := make(chan struct{})
		require.NoError(t, p.Go(func() { <-release }))
		synctest.Wait() // it has started
		f := quartet.Go(t.Context(), p, func(context.Context) (int, error) {
			t.Error("it must not run")
			return 1, nil
		})
		require.True(t, f.Cancel(errOdd))
		_, err := f.Result()
		require.Equal(t, errOdd, err, "it has ended, with the cause")
		require.False(t, f.Cancel(errOdd), "twice")
		close(release)
		require.NoError(t, p.Close())
		require.Equal(t, uint64(1), p.Stats().Abandoned)
	})
}

func TestNilFuncsAreNamed(t *testing.T) {
	x := quartet.Inline()
	require.PanicsWithValue(t, "quartet: Go of a nil func", func() { quartet.Go[int](t.Context(), x, nil) })
	require.PanicsWithValue(t, "quartet: Map of a nil func", func() { quartet.Map[int, int](t.Context(), x, nil, nil) })
	require.PanicsWithValue(t, "quartet: Suspend of a nil func", func() { _ = quartet.Suspend(t.Context(), nil) })
	require.PanicsWithValue(t, "quartet: Block of a nil func", func() { _ = quartet.Block(t.Context(), nil) })
	require.PanicsWithValue(t, "quartet: NewGroup on a nil Executor", func() { quartet.NewGroup(t.Context(), nil) })
	require.PanicsWithValue(t, "quartet: SubmitTask of a nil Task", func() { _ = x.SubmitTask(t.Context(), nil) })
	require.PanicsWithValue(t, "quartet: SubmitCall of a nil Call", func() { _ = x.SubmitCall(t.Context(), nil) })
	require.Panics(t, func() { quartet.Ahead(0) })
}

func TestPanicErrorKeepsTheValue(t *testing.T) {
	_, err := quartet.Do(t.Context(), quartet.Inline(), func(context.Context) (int, error) { panic(errOdd) })
	require.ErrorIs(t, err, errOdd, "a panic with an error unwraps to it")
	var p *quartet.PanicError
	require.ErrorAs(t, err, &p)
	require.Contains(t, string(p.Stack), "TestPanicErrorKeepsTheValue")
	require.Contains(t, err.Error(), "quartet: task panicked: odd")

	_, again := quartet.Do(t.Context(), quartet.Inline(), func(context.Context) (int, error) { panic(err) })
	require.Same(t, err, again, "panicked with again, the first stack stays")
}

func TestLabelReachesPprof(t *testing.T) {
	profile := func() string {
		var b strings.Builder
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
		return b.String()
	}
	const want = `"quartet":"label_test"`
	p := workerpool.New(workerpool.Config{Workers: 1})
	defer p.Close()
	during, err := quartet.Do(quartet.Label(t.Context(), "label_test"), p, func(context.Context) (string, error) {
		return profile(), nil
	})
	require.NoError(t, err)
	require.Contains(t, during, want)
	after, err := quartet.Do(t.Context(), p, func(context.Context) (string, error) { return profile(), nil })
	require.NoError(t, err)
	require.NotContains(t, after, want, "the worker keeps no label of a task that has ended")
}

// An inline task runs on the submitter's goroutine, whose own labels must be there again
// afterwards.
func TestLabelGivesTheSubmittersLabelsBack(t *testing.T) {
	pprof.Do(t.Context(), pprof.Labels("mine", "kept_label"), func(ctx context.Context) {
		_, err := quartet.Do(quartet.Label(ctx, "inner"), quartet.Inline(), func(context.Context) (int, error) {
			return 0, nil
		})
		require.NoError(t, err)
		var b strings.Builder
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
		require.Contains(t, b.String(), "kept_label")
	})
}

func TestNestedLabelsGiveTheOuterOneBack(t *testing.T) {
	ctx := quartet.Label(t.Context(), "outer_label")
	_, err := quartet.Do(ctx, quartet.Inline(), func(ctx context.Context) (int, error) {
		_, err := quartet.Do(quartet.Label(ctx, "inner_label"), quartet.Inline(), func(context.Context) (int, error) {
			return 0, nil
		})
		var b strings.Builder
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
		require.Contains(t, b.String(), `"quartet":"outer_label"`)
		return 0, err
	})
	require.NoError(t, err)
}
