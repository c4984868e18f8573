package procpool_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// newPool makes a pool that the test's end closes. A data race ends a worker.
func newPool(t testing.TB, cfg procpool.Config) *procpool.Pool {
	t.Helper()
	if cfg.Env == nil {
		cfg.Env = append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	}
	p, err := procpool.New(cfg)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// bounded is a ctx whose end means that the test hangs.
func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// lines is an OnOutput hook, and what to wait for.
func lines() (hook func(procpool.Line), next func(t *testing.T) string) {
	c := make(chan string, 10_000)
	hook = func(l procpool.Line) { c <- string(l.Text) }
	next = func(t *testing.T) string {
		t.Helper()
		select {
		case s := <-c:
			return s
		case <-time.After(time.Minute):
			t.Fatal("no line came")
			return ""
		}
	}
	return hook, next
}

func TestCallTravels(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err)
	require.Equal(t, 42, v)
	worker, err := pid.Do(bounded(t), p, none{})
	require.NoError(t, err)
	require.NotEqual(t, os.Getpid(), worker)
}

func TestMapInOrder(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	i := 0
	for v, err := range double.Map(bounded(t), p, func(yield func(int) bool) {
		for i := range 3000 {
			if !yield(i) {
				return
			}
		}
	}) {
		require.NoError(t, err)
		require.Equal(t, 2*i, v)
		i++
	}
	require.Equal(t, 3000, i)
}

func TestFanOutOnOneWorker(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 2, 3} {
		p := newPool(t, procpool.Config{Workers: workers, Queue: 1})
		v, err := fan.Do(bounded(t), p, 10)
		require.NoError(t, err)
		require.Equal(t, 1<<11-1, v)
		require.NoError(t, p.Shutdown(bounded(t)))
		s := p.Stats()
		require.Equal(t, uint64(1<<11-1), s.Submitted)
		require.Equal(t, uint64(1<<11-1), s.Done)
	}
}

func TestManyFanOutsAtOnce(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	var fs []*quartet.Future[int]
	for range 20 {
		fs = append(fs, fan.Go(bounded(t), p, 5))
	}
	vs, err := quartet.AwaitAll(bounded(t), fs...)
	require.NoError(t, err)
	for _, v := range vs {
		require.Equal(t, 1<<6-1, v)
	}
}

func TestDetachedGoroutinesOfATaskSubmit(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2}) // with one they would wait for the worker that their task keeps
	v, err := detachedChildren.Do(bounded(t), p, 50)
	require.NoError(t, err)
	require.Equal(t, 50*49, v)
}

func TestLargeInputsAndOutputs(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2, MaxFrame: 8 << 20})
	var fs []*quartet.Future[[]byte]
	data := []byte(strings.Repeat("0123456789abcdef", 1<<16))
	for range 8 {
		fs = append(fs, bytes_.Go(bounded(t), p, data))
	}
	vs, err := quartet.AwaitAll(bounded(t), fs...)
	require.NoError(t, err)
	for _, v := range vs {
		require.Equal(t, data, v)
	}
	_, err = bytes_.Do(bounded(t), p, make([]byte, 8<<20))
	require.ErrorContains(t, err, "Config.MaxFrame")
}

func TestErrorsCross(t *testing.T) {
	var seen []error
	p := newPool(t, procpool.Config{Workers: 1, OnPanic: func(err error) { seen = append(seen, err) }})
	_, err := fails.Do(bounded(t), p, "just words")
	require.EqualError(t, err, "just words")
	_, err = fails.Do(bounded(t), p, "known")
	require.ErrorIs(t, err, errKnown)
	require.EqualError(t, err, "around: a registered error")
	_, err = fails.Do(bounded(t), p, "quartet")
	require.Equal(t, quartet.ErrSaturated, err)
	_, err = fails.Do(bounded(t), p, "typed")
	var typed *typedError
	require.ErrorAs(t, err, &typed)
	require.Equal(t, 7, typed.Code)

	_, err = die.Do(bounded(t), p, "panic")
	var panicked *quartet.PanicError
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, "planted panic", panicked.Value)
	require.Contains(t, string(panicked.Stack), "functions_test.go")
	_, err = fails.Do(bounded(t), p, "panic error")
	require.ErrorIs(t, err, errKnown)
	_, err = die.Do(bounded(t), p, "goexit")
	require.Equal(t, quartet.ErrGoexit, err)
	require.Len(t, seen, 3)

	_, err = absent.Do(bounded(t), p, 1)
	require.ErrorIs(t, err, quartet.ErrNoBody)
	require.ErrorContains(t, err, `"absent"`)
	_, err = unencodable.Do(bounded(t), p, false)
	require.ErrorContains(t, err, `encoding the output of "unencodable"`)
	_, err = unencodable.Do(bounded(t), p, true)
	require.NoError(t, err)
	require.Len(t, p.PIDs(), 1)
}

var late = sync.OnceValue(func() *quartet.Func[int, int] {
	return quartet.Define("late", func(context.Context, int) (int, error) { return 1, nil })
})

// A name that was defined after the worker came up, and one that the worker does not know.
func TestNamesAreBoundLate(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	_, err := double.Do(bounded(t), p, 1)
	require.NoError(t, err)
	_, err = late().Do(bounded(t), p, 1)
	require.ErrorIs(t, err, quartet.ErrNoBody)
	require.ErrorContains(t, err, `"late" is not defined`)
}

func TestCancellationReachesTheWorker(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook})
	cause := errors.New("an error that nobody has registered")
	for _, f := range []*quartet.Func[none, int]{untilCancelled, suspended} {
		ctx, cancel := context.WithCancelCause(bounded(t))
		future := f.Go(ctx, p, none{})
		require.Equal(t, "started", next(t))
		cancel(cause)
		_, err := future.Await(bounded(t))
		require.Equal(t, cause, err, "by the context")

		future = f.Go(context.Background(), p, none{})
		require.Equal(t, "started", next(t))
		require.False(t, future.Cancel(cause), "it has started")
		_, err = future.Await(bounded(t))
		require.Equal(t, cause, err, "by Cancel")
	}
	_, err := cancelsChild.Do(bounded(t), p, none{})
	require.ErrorIs(t, err, errKnown)
}

func TestCancelledWhileQueued(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook})
	holder := untilCancelled.Go(context.Background(), p, none{})
	require.Equal(t, "started", next(t))
	ctx, cancel := context.WithCancelCause(bounded(t))
	queued := double.Go(ctx, p, 1)
	cancel(errKnown)
	_, err := queued.Await(bounded(t))
	require.Equal(t, errKnown, err)
	holder.Cancel(nil)
	_, err = holder.Await(bounded(t))
	require.Equal(t, context.Canceled, err)
}

func TestDeadlineTravels(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	ctx := bounded(t)
	want, _ := ctx.Deadline()
	got, err := deadline.Do(ctx, p, none{})
	require.NoError(t, err)
	require.WithinDuration(t, want, got, 10*time.Second)
	_, err = deadline.Do(context.Background(), p, none{})
	require.EqualError(t, err, "no deadline")

	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = suspended.Do(short, p, none{})
	require.Equal(t, context.DeadlineExceeded, err)
}

// A task behind a long one goes to another worker, though it had been sent ahead.
func TestNothingWaitsBehindALongTask(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 2, OnOutput: hook})
	for range 2000 { // the windows grow
		_ = double.Go(bounded(t), p, 1)
	}
	var holders []*quartet.Future[int]
	holders = append(holders, untilCancelled.Go(context.Background(), p, none{}))
	var fs []*quartet.Future[int]
	for i := range 500 {
		fs = append(fs, double.Go(bounded(t), p, i))
	}
	require.Equal(t, "started", next(t))
	_, err := quartet.AwaitAll(bounded(t), fs...)
	require.NoError(t, err)
	holders[0].Cancel(nil)
}

func TestShutdownWaits(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	var fs []*quartet.Future[int]
	for i := range 100 {
		fs = append(fs, fan.Go(bounded(t), p, i%4))
	}
	require.NoError(t, p.Shutdown(bounded(t)))
	require.Empty(t, p.PIDs())
	for i, f := range fs {
		v, err := f.Result()
		require.NoError(t, err)
		require.Equal(t, 1<<(i%4+1)-1, v)
	}
	_, err := double.Do(bounded(t), p, 1)
	require.ErrorIs(t, err, quartet.ErrClosed)
}

func TestShutdownFromInside(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	v, err := shutdownInside.Do(bounded(t), p, none{})
	require.NoError(t, err)
	require.Equal(t, 42, v)
	_, err = double.Do(bounded(t), p, 1)
	require.ErrorIs(t, err, quartet.ErrClosed)
	require.NoError(t, p.Shutdown(bounded(t)))
}

func TestShutdownWhoseCtxEnds(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook})
	running := untilCancelled.Go(context.Background(), p, none{})
	require.Equal(t, "started", next(t))
	queued := double.Go(context.Background(), p, 1)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errKnown)
	require.Equal(t, errKnown, p.Shutdown(ctx))
	_, err := running.Await(bounded(t))
	require.ErrorIs(t, err, quartet.ErrClosed)
	_, err = queued.Await(bounded(t))
	require.ErrorIs(t, err, quartet.ErrClosed)
}

func TestCloseKillsWhatDoesNotListen(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook, Grace: 10 * time.Millisecond})
	f := deaf.Go(context.Background(), p, none{})
	require.Equal(t, "started", next(t))
	require.NoError(t, p.Close())
	_, err := f.Result()
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.ErrorIs(t, err, quartet.ErrClosed, "why it was killed")
	require.Equal(t, "deaf", lost.Func)
}

func TestOutputIsCapturedByLine(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook})
	n, err := prints.Do(bounded(t), p, "one\n\x00\x01 two\n")
	require.NoError(t, err)
	require.Equal(t, 11, n)
	got := map[string]int{}
	for range 4 {
		got[next(t)]++
	}
	require.Equal(t, map[string]int{"one": 2, "\x00\x01 two": 2}, got)
	_, err = prints.Do(bounded(t), p, strings.Repeat("x", 200_000)+"\n")
	require.NoError(t, err)
	total := 0
	for total < 400_000 {
		total += len(next(t))
	}
	require.Equal(t, 400_000, total)
}

func TestPoolInsideAWorker(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	_, err := nestedPool.Do(bounded(t), p, 0)
	require.ErrorIs(t, err, procpool.ErrNested)
	v, err := nestedPool.Do(bounded(t), p, 1)
	require.NoError(t, err)
	require.Equal(t, 42, v)
}

func TestConfigIsChecked(t *testing.T) {
	for field, cfg := range map[string]procpool.Config{
		"Workers": {Workers: -1}, "Queue": {Queue: -1}, "Grace": {Grace: -1}, "MaxFrame": {MaxFrame: -1},
		"Command": {Command: []string{}}, "Saturation": {Saturation: 9},
	} {
		_, err := procpool.New(cfg)
		require.ErrorContains(t, err, "Config."+field)
	}
}
