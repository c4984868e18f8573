package gil_test

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

// program starts threads from a root thread, so that nothing comes from outside, and returns what
// became of them, by label, and the timeline.
func program(t *testing.T, cfg gil.Config, threads map[string]func(ctx context.Context)) (map[string]gil.ThreadFigures,
	*quartet.Timeline,
) {
	t.Helper()
	timeline := &quartet.Timeline{}
	cfg.Clock, cfg.Observer = gil.Virtual, timeline
	s := gil.New(cfg)
	_, err := quartet.Do(quartet.Label(t.Context(), "root"), s, func(ctx context.Context) (int, error) {
		g := quartet.NewGroup(ctx, s)
		for _, label := range []string{"a", "b", "c", "d"} {
			if body := threads[label]; body != nil {
				f := quartet.Go(quartet.Label(ctx, label), s, func(ctx context.Context) (int, error) {
					body(ctx)
					return 0, nil
				})
				g.Go(func(ctx context.Context) error { _, err := f.Await(ctx); return err })
			}
		}
		return 0, g.Wait(ctx)
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	figures := map[string]gil.ThreadFigures{}
	for _, f := range s.Report().Threads {
		figures[f.Label] = f
	}
	return figures, timeline
}

func computing(d time.Duration) func(context.Context) {
	return func(ctx context.Context) { gil.Compute(ctx, d) }
}

func TestTheLockSharesOneCore(t *testing.T) {
	for _, cores := range []int{1, 2, 8} {
		figures, _ := program(t, gil.Config{Machine: gil.Ideal, Cores: cores},
			map[string]func(context.Context){"a": computing(50 * ms), "b": computing(50 * ms)})
		require.Equal(t, 50*ms, figures["a"].Computed)
		require.Equal(t, 50*ms, figures["a"].Run)
		require.InDelta(t, float64(100*ms), float64(figures["root"].Run+figures["root"].Blocked+figures["root"].Wait),
			float64(ms), "%d cores", cores)
		require.InDelta(t, 9, float64(figures["a"].Forced), 1)
	}
}

func TestWithoutALockCoresScale(t *testing.T) {
	four := map[string]func(context.Context){
		"a": computing(40 * ms), "b": computing(40 * ms), "c": computing(40 * ms),
		"d": computing(40 * ms),
	}
	for cores, want := range map[int]time.Duration{1: 160 * ms, 2: 80 * ms, 4: 40 * ms, 8: 40 * ms} {
		figures, _ := program(t, gil.Config{Policy: gil.Free(), Machine: gil.Ideal, Cores: cores}, four)
		root := figures["root"]
		require.Equal(t, want, root.Run+root.Wait+root.Blocked, "%d cores", cores)
	}
}

func TestNativeCodeWithoutTheLockUsesCores(t *testing.T) {
	native := func(ctx context.Context) { gil.Released(ctx, 50*ms) }
	figures, _ := program(t, gil.Config{Machine: gil.Ideal, Cores: 2},
		map[string]func(context.Context){"a": native, "b": native})
	root := figures["root"]
	require.Equal(t, 50*ms, root.Run+root.Wait+root.Blocked)
}

// A thread that waits often gets the lock back an interval late each time, beside one that
// computes.
func TestConvoy(t *testing.T) {
	waits := func(ctx context.Context) {
		for range 10 {
			_ = quartet.Sleep(ctx, ms)
			gil.Compute(ctx, 10*time.Microsecond)
		}
	}
	beside := map[string]func(context.Context){"a": waits, "b": computing(200 * ms)}
	figures, _ := program(t, gil.Config{Machine: gil.Ideal}, beside)
	require.InDelta(t, float64(50*ms), float64(figures["a"].Wait), float64(6*ms), "ten times the interval")
	figures, _ = program(t, gil.Config{Machine: gil.Ideal, Policy: gil.Interval(ms / 2)}, beside)
	require.InDelta(t, float64(5*ms), float64(figures["a"].Wait), float64(ms))
	figures, _ = program(t, gil.Config{Machine: gil.Ideal, Policy: gil.Free()}, beside)
	require.Less(t, figures["a"].Wait, ms)
}

func TestACFunctionKeepsTheLock(t *testing.T) {
	figures, _ := program(t, gil.Config{Machine: gil.Ideal}, map[string]func(context.Context){
		"a": func(ctx context.Context) { gil.HoldLock(ctx, 80*ms); gil.Compute(ctx, ms) },
		"b": func(ctx context.Context) { gil.Compute(ctx, ms) },
	})
	require.Zero(t, figures["b"].Forced)
	require.Equal(t, uint64(1), figures["a"].Forced, "at its first checkpoint, after the call")
	require.Equal(t, 81*ms, figures["a"].Computed)
}

func TestTheSameSeedGivesTheSameTimeline(t *testing.T) {
	run := func(seed uint64) string {
		_, timeline := program(t, gil.Config{Seed: seed}, map[string]func(context.Context){
			"a": func(ctx context.Context) {
				for range 5 {
					_ = quartet.Sleep(ctx, ms)
					gil.Compute(ctx, ms/3)
				}
			},
			"b": computing(20 * ms),
			"c": func(ctx context.Context) { gil.Released(ctx, 7*ms); gil.HoldLock(ctx, 2*ms) },
		})
		var b strings.Builder
		require.NoError(t, timeline.WriteText(&b, 100))
		require.NoError(t, timeline.WriteChrome(&b))
		return b.String()
	}
	first := run(1)
	for range 100 {
		require.Equal(t, first, run(1))
	}
	require.NotEqual(t, first, run(2))
}

func TestRealComputingSwitches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gil.New(gil.Config{})
		defer s.Close()
		var turns []string
		thread := func(name string) *quartet.Future[int] {
			return quartet.Go(t.Context(), s, func(ctx context.Context) (int, error) {
				for range 4 {
					turns = append(turns, name)
					gil.Compute(ctx, 5*ms)
				}
				return 0, nil
			})
		}
		begin := time.Now()
		_, err := quartet.AwaitAll(t.Context(), thread("a"), thread("b"))
		require.NoError(t, err)
		require.Equal(t, 40*ms, time.Since(begin), "one at a time")
		require.Contains(t, strings.Join(turns, ""), "ab")
		require.Contains(t, strings.Join(turns, ""), "ba")
	})
}

func TestOnlyTheHolderRuns(t *testing.T) {
	for name, cfg := range map[string]gil.Config{
		"real":    {Policy: gil.Interval(time.Microsecond)},
		"virtual": {Clock: gil.Virtual},
	} {
		s := gil.New(cfg)
		var inside, most atomic.Int32
		counter := 0 // guarded by the lock alone
		var fs []*quartet.Future[int]
		for range 8 {
			fs = append(fs, quartet.Go(t.Context(), s, func(ctx context.Context) (int, error) {
				for range 200 {
					most.Store(max(most.Load(), inside.Add(1)))
					counter++
					inside.Add(-1)
					gil.Checkpoint(ctx)
					quartet.Yield(ctx)
				}
				return 0, nil
			}))
		}
		_, err := quartet.AwaitAll(t.Context(), fs...)
		require.NoError(t, err)
		require.Equal(t, int32(1), most.Load(), name)
		require.Equal(t, 1600, counter, name)
		require.NoError(t, s.Close())
	}
}

func TestAPanicAndAnExitReleaseTheLock(t *testing.T) {
	for name, cfg := range map[string]gil.Config{"real": {}, "virtual": {Clock: gil.Virtual}} {
		s := gil.New(cfg)
		panicked := quartet.Go(t.Context(), s, func(context.Context) (int, error) { panic("boom") })
		exited := quartet.Go(t.Context(), s, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
		blocked := quartet.Go(t.Context(), s, func(ctx context.Context) (int, error) {
			return 0, quartet.Block(ctx, runtime.Goexit)
		})
		v, err := quartet.Do(t.Context(), s, func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, v, name)
		_, err = panicked.Await(t.Context())
		var p *quartet.PanicError
		require.ErrorAs(t, err, &p, name)
		_, err = exited.Await(t.Context())
		require.ErrorIs(t, err, quartet.ErrGoexit, name)
		_, err = blocked.Await(t.Context())
		require.ErrorIs(t, err, quartet.ErrGoexit, name)
		require.NoError(t, s.Close())
	}
}

// Waiters whose ctx ends still take the lock once, and lose it for nobody.
func TestCancelStormLosesNoWakeUp(t *testing.T) {
	for _, cfg := range []gil.Config{{Policy: gil.Interval(time.Microsecond)}, {Clock: gil.Virtual}} {
		s := gil.New(cfg)
		ctx, cancel := context.WithCancel(t.Context())
		var fs []*quartet.Future[int]
		for range 50 {
			fs = append(fs, quartet.Go(ctx, s, func(ctx context.Context) (int, error) {
				return 0, quartet.Suspend(ctx, func(func()) {})
			}))
		}
		cancel()
		for _, f := range fs {
			_, err := f.Await(t.Context())
			require.ErrorIs(t, err, context.Canceled)
		}
		v, err := quartet.Do(t.Context(), s, func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, v)
		require.NoError(t, s.Close())
	}
}

func TestBadConfigPanicsNamingTheField(t *testing.T) {
	bad := gil.LinuxVM
	bad.HotWake = -1
	for field, cfg := range map[string]gil.Config{
		"Cores": {Cores: -1}, "Queue": {Queue: -1}, "InFlight": {InFlight: -1}, "CloseWarning": {CloseWarning: -1},
		"Clock": {Clock: 7}, "Machine.HotWake": {Machine: bad}, "Machine.Check": {Machine: gil.Machine{HotWake: 1}},
	} {
		func() {
			defer func() { require.Contains(t, recover(), "gil: Config."+field) }()
			gil.New(cfg)
		}()
	}
	require.Panics(t, func() { gil.Interval(0) })
	require.PanicsWithValue(t, "gil: SubmitTask of a nil task", func() {
		_ = gil.New(gil.Config{}).SubmitTask(t.Context(), nil)
	})
}

func TestOutsideOfAThreadNothingIsReleased(t *testing.T) {
	gil.Checkpoint(t.Context())
	gil.Compute(t.Context(), time.Microsecond)
	gil.HoldLock(t.Context(), time.Microsecond)
	gil.Released(t.Context(), time.Microsecond)
}
