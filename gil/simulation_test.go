package gil_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// busyAndOften is a workload of two loads: requests in an open loop, and a thread that computes.
func busyAndOften() gil.Workload {
	return gil.Workload{For: 2 * time.Second, Loads: []gil.Load{
		{
			Label: "requests", Threads: 4, Compute: gil.Wide(300 * us), Wait: gil.Exp(2 * ms), Waits: 2,
			Arrivals: gil.Exp(20 * ms),
		},
		{Label: "batch", Compute: gil.Const(10 * ms)},
		{Label: "others", Compute: gil.Const(ms), Wait: gil.Const(5 * ms), Foreign: true},
	}}
}

// A simulation that is advanced bit by bit, and looked at in between, does what one does that runs
// through.
func TestASimulationMayBePaused(t *testing.T) {
	for _, policy := range []gil.Policy{
		gil.CPython38(), gil.CPython27(), gil.FIFO(5 * ms),
		gil.PerInterpreter(2, gil.CPython312()),
	} {
		w := busyAndOften()
		through, err := w.Simulate(gil.Config{Policy: policy})
		require.NoError(t, err)
		m := w.Start(gil.Config{Policy: policy})
		pauses := rand.New(rand.NewPCG(1, 2))
		for m.Now() < w.For {
			require.NoError(t, m.Advance(t.Context(), min(time.Duration(1+pauses.IntN(int(20*ms))), w.For-m.Now())))
			_ = m.Report()
		}
		require.Equal(t, through, m.Report())
		require.False(t, m.Done())
	}
}

func TestASimulationIsCancelledAndGoesOn(t *testing.T) {
	m := gil.Start(gil.Config{}, gil.StepThread{Step: computes(time.Second)},
		gil.StepThread{Step: computes(time.Second)})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	require.ErrorIs(t, m.Advance(ctx, 0), why)
	require.Zero(t, m.Now())
	require.NoError(t, m.Advance(t.Context(), 0))
	require.True(t, m.Done())
	require.Greater(t, m.Now(), 2*time.Second-ms)
	require.PanicsWithValue(t, "gil: Advance(-1ns): time does not go back", func() { _ = m.Advance(t.Context(), -1) })
}

// What a thread is about at a limit counts in the report.
func TestReportsAtALimitCountWhatIsGoingOn(t *testing.T) {
	r, err := gil.Simulate(ideal(gil.CPython38(), 2), 20*ms, gil.StepThread{Step: computes(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, 20*ms, r.Total.Computed)
	require.Equal(t, 20*ms, r.Total.Locked)
	require.InDelta(t, 1, r.Share, 1e-9)
	require.InDelta(t, 1, r.Parallelism, 1e-9)
	r, err = gil.Simulate(ideal(gil.Free(), 2), 20*ms,
		gil.StepThread{Step: gil.Cycle(1, gil.Op{Do: gil.DoRelease, For: time.Hour})},
		gil.StepThread{Step: gil.Cycle(1, gil.Op{Do: gil.DoSleep, For: time.Hour})})
	require.NoError(t, err)
	require.Equal(t, 20*ms, r.Total.Computed)
	require.Equal(t, 20*ms, r.Total.Slept)
}

// A service in an open loop answers what arrives, as long as that is below its bound; beyond, it
// falls behind for ever.
func TestOpenLoops(t *testing.T) {
	load := gil.Load{Threads: 8, Compute: gil.Const(ms), Wait: gil.Const(3 * ms)}
	simulate := func(rate int) gil.LoadFigures {
		load.Arrivals = gil.Exp(time.Second / time.Duration(rate))
		r, err := gil.Workload{Loads: []gil.Load{load}, For: 20 * time.Second}.Simulate(ideal(gil.FIFO(5*ms), 2))
		require.NoError(t, err)
		return r.Loads[0]
	}
	idle, busy, over := simulate(50), simulate(800), simulate(1200)
	require.InEpsilon(t, 50, idle.Offered, .1)
	require.InEpsilon(t, idle.Offered, idle.PerSecond, .02)
	require.InEpsilon(t, 4*ms, idle.P50, .1)
	require.InEpsilon(t, 800, busy.PerSecond, .05)
	require.Greater(t, busy.P99, 2*idle.P99, "they queue")
	require.InEpsilon(t, 1000, over.PerSecond, .02, "the bound")
	require.Greater(t, over.Backlog, 3000)
	series := over.Series(4 * time.Second)
	require.Len(t, series, 5)
	require.Greater(t, series[4].P50, 2*series[1].P50, "ever later")
	require.Len(t, over.Samples, int(over.Rounds))
}

// The same time in one wait and in ten is not the same beside a thread that computes.
func TestManyWaitsCostManyIntervals(t *testing.T) {
	rate := func(waits int) float64 {
		request := gil.Load{Label: "request", Compute: gil.Const(2 * ms), Wait: gil.Const(8 * ms), Waits: waits}
		batch := gil.Load{Label: "batch", Compute: gil.Const(10 * ms)}
		r, err := gil.Workload{Loads: []gil.Load{request, batch}}.Simulate(gil.Config{})
		require.NoError(t, err)
		return r.Loads[0].PerSecond
	}
	require.InEpsilon(t, 63, rate(1), .1)
	require.InEpsilon(t, 15, rate(10), .15)
}

// Other programs take cores, and no lock.
func TestForeignLoads(t *testing.T) {
	rate := func(others int) (mine, theirs float64) {
		loads := []gil.Load{{Compute: gil.Const(ms)}}
		if others > 0 {
			loads = append(loads, gil.Load{Threads: others, Compute: gil.Const(ms), Foreign: true})
		}
		r, err := gil.Workload{Loads: loads}.Simulate(ideal(gil.CPython38(), 2))
		require.NoError(t, err)
		require.InDelta(t, r.Loads[0].PerSecond, r.PerSecond(), 1e-9, "foreign rounds are not the program's")
		if others > 0 {
			theirs = r.Loads[1].PerSecond
		}
		return r.Loads[0].PerSecond, theirs
	}
	alone, _ := rate(0)
	beside, theirs := rate(1)
	require.InEpsilon(t, alone, beside, .01, "there is a core for each")
	require.InEpsilon(t, alone, theirs, .01)
	crowded, all := rate(3)
	require.Less(t, crowded, .75*alone)
	require.InEpsilon(t, 2*alone, crowded+all, .02)
}

func TestMeasuredDistributions(t *testing.T) {
	d := gil.Measured(40*ms, 10*ms, 20*ms)
	require.Equal(t, 22500*us, d.Mean())
	require.Equal(t, "3 values, 10ms–40ms", d.String())
	src := rand.NewPCG(3, 4)
	var below int
	var sum time.Duration
	const n = 20_000
	for range n {
		x := d.Sample(src)
		require.GreaterOrEqual(t, x, 10*ms)
		require.LessOrEqual(t, x, 40*ms)
		if x < 20*ms {
			below++
		}
		sum += x
	}
	require.InEpsilon(t, n/2, below, .03)
	require.InEpsilon(t, int64(d.Mean()), int64(sum/n), .02)
	require.Equal(t, 7*ms, gil.Measured(7*ms).Sample(src))
	require.Equal(t, 7*ms, gil.Measured(7*ms).Mean())
	require.PanicsWithValue(t, "gil: Measured without values", func() { gil.Measured() })
	require.PanicsWithValue(t, "gil: Measured(-1ns): a duration is not negative", func() { gil.Measured(-1) })
	require.Equal(t, gil.Wide(ms).Sample(rand.NewPCG(1, 1)), gil.Wide(ms).Sample(rand.NewPCG(1, 1)))
}

// A thread sees the simulation's time, and computing takes some of it.
func ExampleNow() {
	interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
	took, err := quartet.Do(context.Background(), interpreter, func(ctx context.Context) (time.Duration, error) {
		begin := gil.Now(ctx)
		gil.Compute(ctx, 20*time.Millisecond)
		err := quartet.Sleep(ctx, 5*time.Millisecond)
		return gil.Now(ctx).Sub(begin), err
	})
	_ = interpreter.Close()
	fmt.Println(took, err)
	// Output: 25ms <nil>
}

// A simulation stands still between two calls of Advance.
func ExampleSimulation() {
	request := gil.Load{
		Label: "requests", Threads: 4, Compute: gil.Const(time.Millisecond),
		Wait: gil.Const(9 * time.Millisecond), Arrivals: gil.Const(4 * time.Millisecond),
	}
	m := gil.Workload{Loads: []gil.Load{request}, For: time.Second}.Start(gil.Config{Machine: gil.Ideal})
	for range 2 {
		if err := m.Advance(context.Background(), 500*time.Millisecond); err != nil {
			fmt.Println(err)
		}
		l := m.Report().Loads[0]
		fmt.Println(m.Now(), l.Rounds, "answered, 99 of 100 within", l.P99)
	}
	// Output:
	// 500ms 100 answered, 99 of 100 within 10ms
	// 1s 225 answered, 99 of 100 within 10ms
}

// A distribution is given by measured quantiles: here the 0, 25, 50, 75 and 100 % quantiles.
func ExampleMeasured() {
	query := gil.Measured(2*time.Millisecond, 3*time.Millisecond, 4*time.Millisecond, 8*time.Millisecond,
		60*time.Millisecond)
	fmt.Println(query, "mean", query.Mean())
	src := rand.NewPCG(1, 2)
	fmt.Println(query.Sample(src) >= 2*time.Millisecond)
	// Output:
	// 5 values, 2ms–60ms mean 11.5ms
	// true
}

// Threads as functions that return the next step: a thread that waits beside one that computes has
// the lock back an interval late.
func ExampleSimulate() {
	report, err := gil.Simulate(gil.Config{Policy: gil.Interval(5 * time.Millisecond), Machine: gil.Ideal},
		100*time.Millisecond,
		gil.StepThread{Label: "computes", Step: gil.Cycle(0, gil.Op{Do: gil.DoCompute, For: time.Second})},
		gil.StepThread{Label: "waits", Step: gil.Cycle(10,
			gil.Op{Do: gil.DoCompute, For: time.Microsecond}, gil.Op{Do: gil.DoSleep, For: time.Millisecond})},
	)
	if err != nil {
		fmt.Println(err)
	}
	waits := report.Threads[0]
	fmt.Printf("%s: %v for sleeps of %v\n", waits.Label, waits.Life.Round(time.Millisecond), waits.Slept)
	fmt.Println(report.Convoys[0].Count, "waits for", report.Convoys[0].CulpritLabel)
	// Output:
	// waits: 65ms for sleeps of 10ms
	// 11 waits for computes
}

// Whoever advances a simulation can look at it in between, and give it up.
func ExampleSimulation_Advance() {
	m := gil.Start(gil.Config{Machine: gil.Ideal},
		gil.StepThread{Step: gil.Cycle(0, gil.Op{Do: gil.DoCompute, For: time.Second})})
	ctx, cancel := context.WithCancel(context.Background())
	fmt.Println(m.Advance(ctx, 300*time.Millisecond), m.Now(), m.Report().Total.Computed)
	cancel()
	fmt.Println(m.Advance(ctx, time.Hour), m.Now(), m.Done())
	// Output:
	// <nil> 300ms 300ms
	// context canceled 300ms false
}
