package gil_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// ideal is a machine on which the closed forms hold.
func ideal(p gil.Policy, cores int) gil.Config {
	return gil.Config{Policy: p, Cores: cores, Machine: gil.Ideal}
}

// perSecond runs a workload, and returns what its loads do in a second.
func perSecond(t *testing.T, cfg gil.Config, span time.Duration, loads ...gil.Load) (rates, bounds []float64) {
	t.Helper()
	r, err := gil.Workload{Loads: loads, For: span}.Simulate(cfg)
	require.NoError(t, err)
	require.Len(t, r.Loads, len(loads))
	for _, l := range r.Loads {
		rates, bounds = append(rates, l.PerSecond), append(bounds, l.Bound)
	}
	return rates, bounds
}

func TestAWorkloadReachesItsClosedForm(t *testing.T) {
	load := func(n int) gil.Load {
		return gil.Load{Threads: n, Compute: gil.Const(ms), Released: gil.Const(ms), Wait: gil.Const(8 * ms)}
	}
	// in turn: nobody wants what another has
	few := gil.Load{Threads: 3, Compute: gil.Const(ms), Wait: gil.Const(9 * ms)}
	for _, c := range []struct {
		about  string
		policy gil.Policy
		load   gil.Load
		cores  int
		want   float64
	}{
		{"too few threads", gil.FIFO(5 * ms), few, 4, 300},
		{"the lock", gil.FIFO(5 * ms), load(40), 4, 1000},
		{"the cores", gil.FIFO(5 * ms), load(40), 1, 500},
		{"two locks", gil.PerInterpreter(2, gil.FIFO(5*ms)), load(40), 8, 2000},
		{"no lock, but cores", gil.Free(), load(80), 8, 4000},
		{"slower without a lock, but for native code", gil.Free(2), load(80), 8, 8000. / 3},
	} {
		t.Run(c.about, func(t *testing.T) {
			rates, bounds := perSecond(t, ideal(c.policy, c.cores), 2*time.Second, c.load)
			require.InDelta(t, c.want, bounds[0], 1e-6)
			require.InEpsilon(t, c.want, rates[0], 0.02)
		})
	}
	require.InDelta(t, 10, load(1).Knee(1, 4), 1e-6)
	require.InDelta(t, 5, load(1).Knee(1, 1), 1e-6)
	require.InDelta(t, 40, load(1).Knee(0, 8), 1e-6)
	require.Zero(t, gil.Load{Wait: gil.Const(ms)}.Knee(1, 1), "it never comes")
}

// A load beside another takes time from it, its random draws do not depend on that, and the bound
// holds.
func TestLoadsBesideEachOther(t *testing.T) {
	requests := gil.Load{
		Label: "requests", Threads: 4, Compute: gil.Wide(500 * us), Hold: gil.Exp(100 * us),
		Wait: gil.Uniform(ms, 3*ms),
	}
	batch := gil.Load{Label: "batch", Compute: gil.Const(50 * ms)}
	alone, bounds := perSecond(t, gil.Config{}, 5*time.Second, requests)
	require.Less(t, alone[0], bounds[0]*1.05)
	beside, _ := perSecond(t, gil.Config{}, 5*time.Second, requests, batch)
	require.Less(t, beside[0], alone[0]/2)
	again, _ := perSecond(t, gil.Config{}, 5*time.Second, requests, batch)
	require.Equal(t, beside, again)
	other, _ := perSecond(t, gil.Config{Seed: 1}, 5*time.Second, requests, batch)
	require.NotEqual(t, beside, other)
}

func TestWorkloadsThatAreNonsense(t *testing.T) {
	for want, w := range map[string]gil.Workload{
		"gil: Workload.For is negative: -1ns":            {For: -1},
		"gil: Workload.Loads[0].Threads is negative: -1": {Loads: []gil.Load{{Threads: -1}}},
		"gil: Workload.Loads[0]: a round takes no time":  {Loads: []gil.Load{{}}},
	} {
		require.PanicsWithValue(t, want, func() { _, _ = w.Simulate(gil.Config{}) })
	}
}

func TestWhatIfEndsWithTheFirstError(t *testing.T) {
	bad := errors.New("bad")
	_, err := gil.WhatIf(gil.Main(func(context.Context, *gil.Scheduler) error { return bad }), gil.Config{}, nil, 3)
	require.ErrorIs(t, err, bad)
	require.ErrorContains(t, err, "3 cores")
	stuck := gil.StepProgram(func() []gil.StepThread {
		return []gil.StepThread{{Step: gil.Cycle(1, gil.Op{Do: gil.DoGet})}}
	})
	_, err = gil.WhatIf(stuck, gil.Config{}, []gil.Policy{gil.CPython38()})
	var deadlock *gil.DeadlockError
	require.ErrorAs(t, err, &deadlock)
}

// The remarks of a convoy lie on its victim's lane, also where tasks have been abandoned before.
func TestConvoysAreRemarked(t *testing.T) {
	timeline := &quartet.Timeline{}
	program := gil.Main(func(ctx context.Context, s *gil.Scheduler) error {
		gone := quartet.Go(ctx, s, func(context.Context) (int, error) { return 0, nil })
		gone.Cancel(context.Canceled)
		cpu := quartet.Go(quartet.Label(ctx, "cpu"), s, func(ctx context.Context) (int, error) {
			gil.Compute(ctx, 50*ms)
			return 0, nil
		})
		_, err := quartet.Go(quartet.Label(ctx, "io"), s, func(ctx context.Context) (int, error) {
			for range 6 {
				_ = quartet.Sleep(ctx, ms)
			}
			return cpu.Await(ctx)
		}).Await(ctx)
		return err
	})
	r, err := program.Simulate(gil.Config{Observer: timeline})
	require.NoError(t, err)
	require.Len(t, r.Convoys, 1)
	remarks := timeline.Remarks()
	require.Len(t, remarks, 1)
	require.Equal(t, r.Convoys[0].String(), remarks[0].Text)
	require.Regexp(t, `^io waited 5\.\dms for cpu, \d times$`, remarks[0].Text)
	for _, e := range timeline.Events() {
		if e.Label == "io" && e.Kind != quartet.EventQueued {
			require.Equal(t, e.Lane, remarks[0].Lane)
		}
	}
}

func TestReportsKeepTheirColumns(t *testing.T) {
	var b strings.Builder
	r, err := gil.StepProgram(func() []gil.StepThread {
		return []gil.StepThread{{Label: "two words  and more", Step: computes(ms)}, {Step: computes(us)}}
	}).Simulate(ideal(gil.Free(), 1))
	require.NoError(t, err)
	require.NoError(t, r.WriteText(&b))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	require.Equal(t, "free, 1 core: 1ms, 100% of the best (1ms); 1.00 threads compute at a time; fairness 1.00",
		lines[0])
	for _, line := range lines[2:] {
		require.Equal(t, utf8.RuneCountInString(lines[1]), utf8.RuneCountInString(line),
			"the figures are below their heads")
	}
}

func ExampleReport_WriteText() {
	report, _ := gil.StepProgram(longCall).Simulate(gil.Config{Machine: gil.Ideal})
	_ = report.WriteText(os.Stdout)
	// Output:
	// interval 5ms, 2 cores: 50ms, 100% of the best (50ms); the lock is held 45% of the time; 0.85 threads compute at a time; fairness 0.62
	// thread    life  has it  wants it  without  waits  forced  freely  lost  p50 wait  longest
	// call      50ms    20ms        0s     20ms   10ms       0       4     0        0s       0s
	// probe   47.1ms   2.5ms    19.6ms       0s   25ms       0      26     0        0s   19.6ms
	// all     97.1ms  22.5ms    19.6ms     20ms   35ms       0      30     0        0s   19.6ms
}

func ExampleWhatIf() {
	program := gil.Main(func(ctx context.Context, s *gil.Scheduler) error {
		var threads []*quartet.Future[int]
		for range 4 {
			threads = append(threads, quartet.Go(ctx, s, func(ctx context.Context) (int, error) {
				gil.Compute(ctx, 100*time.Millisecond)
				return 0, quartet.Sleep(ctx, 20*time.Millisecond)
			}))
		}
		_, err := quartet.AwaitAll(ctx, threads...)
		return err
	})
	policies := []gil.Policy{
		gil.CPython38(), gil.Interval(100 * time.Millisecond),
		gil.PerInterpreter(2, gil.CPython312()), gil.Free(),
	}
	table, err := gil.WhatIf(program, gil.Config{Machine: gil.Ideal}, policies, 1, 4)
	_ = table.WriteText(os.Stdout)
	fmt.Println(err)
	// Output:
	// policy            cores  takes     ×  of the best  lock held  at a time  fairness  switches  lost  waits for it  longest  convoys
	// interval 5ms          1  420ms  1.00          95%        95%       0.95      0.80        88     2         1.14s     25ms        0
	// interval 5ms          4  420ms  1.00          95%        95%       0.95      0.80        88     2         1.14s     25ms        0
	// interval 100ms        1  420ms  1.00          95%        95%       0.95      0.80        12     0         840ms    280ms        0
	// interval 100ms        4  420ms  1.00          95%        95%       0.95      0.80        12     0         840ms    280ms        0
	// 2 × interval 5ms      1  420ms  1.00          95%        95%       0.95      0.80       141     0         783ms      6ms        0
	// 2 × interval 5ms      4  220ms  1.91          91%        91%       1.82      0.80        85     0         380ms      5ms        0
	// free                  1  420ms  1.00          95%          –       0.95      1.00         0     0            0s       0s        0
	// free                  4  120ms  3.50         100%          –       3.33      1.00         0     0            0s       0s        0
	// <nil>
}

// How many requests does a service with a global lock answer, if each has 1 ms of bytecode, 1 ms of
// a library that releases the lock, and waits 8 ms for a database? More threads help until the lock
// is always held.
func ExampleWorkload() {
	for _, threads := range []int{1, 4, 16, 64} {
		request := gil.Load{
			Label: "request", Threads: threads,
			Compute: gil.Const(time.Millisecond), Released: gil.Const(time.Millisecond),
			Wait: gil.Const(8 * time.Millisecond),
		}
		report, err := gil.Workload{
			Loads: []gil.Load{request},
			For:   2 * time.Second,
		}.Simulate(gil.Config{Cores: 4, Machine: gil.Ideal})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(report.Loads[0])
	}
	// Output:
	// request: 1 thread, 100.6 rounds per second, 101% of the most (100); a round takes 10ms, 99 of 100 up to 10ms
	// request: 4 threads, 333.3 rounds per second, 83% of the most (400); a round takes 12ms, 99 of 100 up to 12ms
	// request: 16 threads, 929.4 rounds per second, 93% of the most (1000); a round takes 17.2ms, 99 of 100 up to 27ms
	// request: 64 threads, 1001 rounds per second, 100% of the most (1000); a round takes 64.3ms, 99 of 100 up to 225ms
}

// Where more threads stop to help, by the closed form: one lock is then always held, or all cores
// are busy.
func ExampleLoad_Knee() {
	request := gil.Load{
		Compute: gil.Const(time.Millisecond), Released: gil.Const(time.Millisecond),
		Wait: gil.Const(8 * time.Millisecond),
	}
	fmt.Printf("one lock, 4 cores: %.0f threads\n", request.Knee(1, 4))
	fmt.Printf("no lock, 4 cores: %.0f threads\n", request.Knee(0, 4))
	request.Threads = 50
	fmt.Printf("50 threads: at most %.0f and %.0f requests per second\n", request.Bound(1, 4), request.Bound(0, 4))
	// Output:
	// one lock, 4 cores: 10 threads
	// no lock, 4 cores: 20 threads
	// 50 threads: at most 1000 and 2000 requests per second
}
