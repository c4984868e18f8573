package workerpool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func sinceEpoch(c *workerpool.Clock) time.Duration { return c.Now().Sub(time.Unix(0, 0)) }

// sleep is a task that keeps its slot for d.
func sleep(d time.Duration) quartet.TaskFunc {
	return func(ctx context.Context) { _ = quartet.Sleep(ctx, d) }
}

func ExampleClock() {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 4, Queue: 100, Saturation: workerpool.Reject})
	refused := 0
	clock.Go(context.Background(), func(ctx context.Context) {
		for range 3600 { // a request each 10 ms, which takes 50 ms: 5 workers would do
			if pool.SubmitTask(ctx, sleep(50*time.Millisecond)) != nil {
				refused++
			}
			_ = quartet.Sleep(ctx, 10*time.Millisecond)
		}
		_ = pool.Shutdown(ctx)
	})
	fmt.Println(clock.Run(context.Background()), clock.Now().Format("04:05.000"))
	fmt.Println(pool.Stats().Done, "done,", refused, "refused")
	// Output:
	// <nil> 00:37.280
	// 2980 done, 620 refused
}

func TestAVirtualClockRunsAnHourAtOnce(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 2})
	var log []string
	note := func(what string) { log = append(log, fmt.Sprintf("%s %v", what, sinceEpoch(clock))) }
	for i, d := range []time.Duration{time.Hour, time.Minute, time.Second} {
		require.NoError(t, pool.SubmitTask(t.Context(), quartet.TaskFunc(func(ctx context.Context) {
			require.NoError(t, quartet.Sleep(ctx, d))
			note(fmt.Sprint("task ", i))
		})))
	}
	require.NoError(t, pool.Go(func() { note("func") }))
	require.Empty(t, log, "it runs before Run")
	require.NoError(t, clock.Run(t.Context()))
	require.Equal(t, []string{"task 1 1m0s", "task 2 1m1s", "func 1m1s", "task 0 1h0m0s"}, log)
	require.NoError(t, clock.Run(t.Context()), "nobody has anything to do")
	require.NoError(t, pool.Close())
}

// A task that awaits lends its slot; a client waits in the clock's time for all that waits.
func TestUnderAClockWaitsAreVirtual(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 1, Queue: 2})
	var fan func(ctx context.Context, depth int) (int, error)
	fan = func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, quartet.Sleep(ctx, time.Second)
		}
		left := quartet.Go(ctx, pool, func(ctx context.Context) (int, error) { return fan(ctx, depth-1) })
		right, err := quartet.Do(ctx, pool, func(ctx context.Context) (int, error) { return fan(ctx, depth-1) })
		if err != nil {
			return 0, err
		}
		quartet.Yield(ctx)
		sum, err := left.Await(ctx)
		return sum + right, err
	}
	done := false
	clock.Go(t.Context(), func(ctx context.Context) {
		sum, err := quartet.Do(ctx, pool, func(ctx context.Context) (int, error) { return fan(ctx, 5) })
		require.NoError(t, err)
		require.Equal(t, 32, sum)
		require.Equal(t, 32*time.Second, sinceEpoch(clock))
		for range 5 { // there is room for three
			require.NoError(t, pool.SubmitTask(ctx, sleep(time.Second)))
		}
		require.Equal(t, 34*time.Second, sinceEpoch(clock))
		require.NoError(t, quartet.Lend(ctx, func() {}))
		quartet.Yield(ctx)
		_, current := quartet.Current(ctx)
		require.False(t, current)
		require.NoError(t, pool.Shutdown(ctx))
		require.Equal(t, 37*time.Second, sinceEpoch(clock))
		done = true
	})
	require.NoError(t, clock.Run(t.Context()))
	require.True(t, done)
}

// While a func is in Block, time stands still, and others run.
func TestUnderAClockBlockStopsTheTime(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 3})
	other := make(chan struct{})
	var order []string
	block := func(ctx context.Context, how func(context.Context, func()) error) error {
		err := how(ctx, func() {
			<-other // the other task runs meanwhile
			for range 10 {
				runtime.Gosched()
			}
		})
		order = append(order, fmt.Sprint("back ", sinceEpoch(clock)))
		return err
	}
	for _, how := range []func(context.Context, func()) error{quartet.Block, quartet.Lend} {
		other = make(chan struct{})
		clock.Go(t.Context(), func(ctx context.Context) {
			require.NoError(t, quartet.Sleep(ctx, time.Second))
			f := quartet.Go(ctx, pool, func(ctx context.Context) (int, error) { return 0, block(ctx, how) })
			require.NoError(t, pool.SubmitTask(ctx, quartet.TaskFunc(func(ctx context.Context) {
				close(other)
				_ = quartet.Sleep(ctx, time.Second)
				order = append(order, fmt.Sprint("slept ", sinceEpoch(clock)))
			})))
			_, err := f.Await(ctx)
			require.NoError(t, err)
		})
		require.NoError(t, clock.Run(t.Context()))
	}
	require.Equal(t, []string{"back 1s", "slept 2s", "back 3s", "slept 4s"}, order)
	require.NoError(t, pool.Close())
}

func TestAClockFindsADeadlock(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 1})
	ctx, cancel := context.WithCancelCause(t.Context())
	var wait error
	clock.Go(ctx, func(ctx context.Context) {
		wait = quartet.Suspend(ctx, func(func()) {})
	})
	require.ErrorIs(t, clock.Run(t.Context()), quartet.ErrDeadlock)
	given := errors.New("given up")
	cancel(given)
	require.NoError(t, clock.Run(t.Context()))
	require.Equal(t, given, wait)
	require.NoError(t, pool.Close())
}

func TestRunOfAClockEndsWithItsContext(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 1})
	ctx, cancel := context.WithCancel(t.Context())
	turns := 0
	require.NoError(t, pool.SubmitTask(t.Context(), quartet.TaskFunc(func(ctx context.Context) {
		for ; turns < 1000; turns++ {
			if turns == 10 {
				cancel()
			}
			require.NoError(t, quartet.Sleep(ctx, time.Second))
		}
	})))
	require.ErrorIs(t, clock.Run(ctx), context.Canceled)
	require.Equal(t, 10*time.Second, sinceEpoch(clock))
	require.NoError(t, clock.Run(t.Context()))
	require.Equal(t, 1000, turns)
	require.Equal(t, 1000*time.Second, sinceEpoch(clock))
	require.NoError(t, pool.Close())
}

// Timeouts of the clock's end sleeps, waits in the queue, waits for room and awaits, and RejectLate
// judges by them.
func TestTimeoutsOfAClock(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 1, Queue: 1})
	clock.Go(t.Context(), func(ctx context.Context) {
		short, cancel := clock.WithTimeout(ctx, time.Minute)
		defer cancel()
		at, limited := short.Deadline()
		require.True(t, limited)
		require.Equal(t, time.Minute, at.Sub(clock.Now()))
		shorter, cancel := clock.WithTimeout(short, time.Hour)
		defer cancel()
		early, _ := shorter.Deadline()
		require.Equal(t, at, early)

		runs := quartet.Go(short, pool, func(ctx context.Context) (int, error) {
			return 0, quartet.Sleep(ctx, time.Hour)
		})
		queued := quartet.Go(shorter, pool, func(context.Context) (int, error) { return 0, nil })
		require.ErrorIs(t, pool.SubmitTask(shorter, sleep(0)), context.DeadlineExceeded)
		require.Equal(t, time.Minute, sinceEpoch(clock))
		for _, f := range []*quartet.Future[int]{runs, queued} {
			_, err := f.Await(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.ErrorIs(t, short.Err(), context.DeadlineExceeded)
		require.ErrorIs(t, quartet.Sleep(short, time.Hour), context.DeadlineExceeded)

		unused, cancel := clock.WithTimeout(ctx, 100*time.Hour)
		cancel()
		require.ErrorIs(t, unused.Err(), context.Canceled)
	})
	require.NoError(t, clock.Run(t.Context()))
	require.Equal(t, time.Minute, sinceEpoch(clock))
	require.NoError(t, pool.Close())
}

// At twice the load that the pool can bear, RejectLate refuses half, and nearly all others are in
// time.
func TestRejectLateUnderAClock(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 4, RejectLate: true})
	late, done, refused := 0, 0, 0
	clock.Go(t.Context(), func(ctx context.Context) {
		for range 1000 {
			limited, cancel := clock.WithTimeout(ctx, 200*time.Millisecond)
			err := pool.SubmitTask(limited, quartet.TaskFunc(func(ctx context.Context) {
				defer cancel()
				if quartet.Sleep(ctx, 20*time.Millisecond) != nil {
					late++
				} else {
					done++
				}
			}))
			if err != nil {
				refused++
				cancel()
			}
			require.NoError(t, quartet.Sleep(ctx, 2500*time.Microsecond))
		}
	})
	require.NoError(t, clock.Run(t.Context()))
	require.InDelta(t, 500, done, 50)
	require.LessOrEqual(t, late, 1000/20)
	require.InDelta(t, 500, refused, 50)
	require.NoError(t, pool.Close())
}

// A pool is closed from outside while its tasks sleep, wait and are queued.
func TestCloseUnderAClock(t *testing.T) {
	for name, stop := range map[string]func(*workerpool.Pool) error{
		"Close": (*workerpool.Pool).Close,
		"Shutdown": func(p *workerpool.Pool) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, p.Shutdown(ctx), context.Canceled)
			return p.Shutdown(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &workerpool.Clock{}
			pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 2})
			var errs []error
			wait := func(how func(context.Context) error) {
				require.NoError(t, pool.SubmitTask(t.Context(), quartet.TaskFunc(func(ctx context.Context) {
					errs = append(errs, how(ctx))
				})))
			}
			wait(func(ctx context.Context) error { return quartet.Sleep(ctx, time.Hour) })
			wait(func(ctx context.Context) error { return quartet.Suspend(ctx, func(func()) {}) })
			ctx, cancel := clock.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			require.ErrorIs(t, clock.Run(ctx), context.DeadlineExceeded)
			require.Equal(t, time.Minute, sinceEpoch(clock))
			wait(func(ctx context.Context) error { return quartet.Sleep(ctx, time.Hour) })
			wait(func(ctx context.Context) error { return quartet.Sleep(ctx, time.Hour) })
			require.NoError(t, stop(pool))
			require.Len(t, errs, 2)
			for _, err := range errs {
				require.ErrorIs(t, err, quartet.ErrClosed)
			}
			require.Equal(t, uint64(2), pool.Stats().Abandoned)
		})
	}
}

// A task that exits its goroutine gives the turn on.
func TestGoexitUnderAClock(t *testing.T) {
	clock := &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Clock: clock, Workers: 1})
	clock.Go(t.Context(), func(ctx context.Context) {
		_, err := quartet.Go(ctx, pool,
			func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }).Await(ctx)
		require.ErrorIs(t, err, quartet.ErrGoexit)
		var p *quartet.PanicError
		_, err = quartet.Go(ctx, pool, func(context.Context) (int, error) { panic("planted") }).Await(ctx)
		require.ErrorAs(t, err, &p)
		v, err := quartet.Go(ctx, pool, func(context.Context) (int, error) { return 7, nil }).Await(ctx)
		require.NoError(t, err)
		require.Equal(t, 7, v)
		runtime.Goexit()
	})
	require.NoError(t, clock.Run(t.Context()))
	require.NoError(t, pool.Close())
}

func TestMisuseOfAClock(t *testing.T) {
	clock := &workerpool.Clock{}
	clock.Go(t.Context(), func(ctx context.Context) { require.Panics(t, func() { _ = clock.Run(ctx) }) })
	require.NoError(t, clock.Run(t.Context()))
	require.Panics(t, func() { clock.Go(t.Context(), nil) })
	var none context.Context
	require.Panics(t, func() { clock.Go(none, func(context.Context) {}) })
	require.Panics(t, func() { _ = clock.Run(none) })
}

// storm is a program of all that a pool does, two pools with one clock.
func storm(t *testing.T, seed uint64) []quartet.Event {
	src := rand.New(rand.NewPCG(seed, 1))
	ms := func(n int) time.Duration { return time.Duration(src.IntN(n)) * time.Millisecond }
	clock, seen := &workerpool.Clock{}, &quartet.Timeline{}
	a := workerpool.New(workerpool.Config{
		Name: "a", Clock: clock, Workers: 3, Queue: 8, Observer: seen, Saturation: workerpool.Saturation(src.IntN(3)),
	})
	b := workerpool.New(workerpool.Config{Name: "b", Clock: clock, Workers: 2, Queue: 4, Observer: seen})
	runners := []quartet.Runner{
		a, b, a.Priority(workerpool.High), a.Priority(workerpool.Low), a.Key("k"), b.Key("k"), a.Limit(1),
		b.Limit(2).Key("l"),
	}
	var any func(ctx context.Context, depth int) error
	any = func(ctx context.Context, depth int) error {
		r := runners[src.IntN(len(runners))]
		f := quartet.Go(ctx, r, func(ctx context.Context) (int, error) {
			err := quartet.Sleep(ctx, ms(10))
			if depth > 0 && src.IntN(2) == 0 {
				err = errors.Join(err, any(ctx, depth-1))
			}
			if src.IntN(5) == 0 {
				quartet.Yield(ctx)
			}
			return 0, err
		})
		switch src.IntN(4) {
		case 0:
			return quartet.Sleep(ctx, ms(5))
		case 1:
			f.Cancel(nil)
		}
		_, err := f.Await(ctx)
		return err
	}
	for range 3 {
		clock.Go(t.Context(), func(ctx context.Context) {
			for range 40 {
				limited, cancel := clock.WithTimeout(ctx, ms(40))
				_ = any(limited, 3)
				cancel()
				_ = quartet.Sleep(ctx, ms(4))
			}
		})
	}
	require.NoError(t, clock.Run(t.Context()))
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	for _, p := range []*workerpool.Pool{a, b} {
		s := p.Stats()
		require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned)
	}
	return seen.Events()
}

func TestTheSameProgramIsTheSameRun(t *testing.T) {
	for seed := range uint64(5) {
		first := storm(t, seed)
		require.NotEmpty(t, first)
		for range 3 {
			require.Equal(t, first, storm(t, seed), "seed %d", seed)
		}
	}
}
