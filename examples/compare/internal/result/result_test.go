package result_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

func TestPercentileAndMedian(t *testing.T) {
	ms := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	require.Equal(t, time.Duration(6), result.Percentile(ms, 50))
	require.Equal(t, time.Duration(10), result.Percentile(ms, 99))
	require.Equal(t, time.Duration(10), result.Percentile(ms, 100))
	require.Zero(t, result.Percentile(nil, 50))
	unsorted := []time.Duration{3, 1, 2}
	require.Equal(t, time.Duration(2), result.Median(unsorted))
	require.Equal(t, []time.Duration{3, 1, 2}, unsorted)
	require.Zero(t, result.Median(nil))
}

func TestDistributionEndsWithAll(t *testing.T) {
	require.Empty(t, result.Distribution(nil))
	for _, n := range []int{1, 2, 199, 200, 201, 1000, 3001} {
		ds := make([]time.Duration, n)
		for i := range ds {
			ds[i] = time.Duration(i)
		}
		points := result.Distribution(ds)
		require.Len(t, points, min(n, 200))
		require.Equal(t, result.Point{Latency: time.Duration(n - 1), Share: 1}, points[len(points)-1])
		for i := 1; i < len(points); i++ {
			require.Greater(t, points[i].Share, points[i-1].Share)
			require.Greater(t, points[i].Latency, points[i-1].Latency)
		}
	}
}

func TestLanesAreTheBegin(t *testing.T) {
	begin := time.Unix(7, 0)
	at := func(ms int) quartet.Event {
		return quartet.Event{Executor: "workerpool", At: begin.Add(time.Duration(ms) * time.Millisecond)}
	}
	l := result.NewLanes("pool(k)", "pool(2)", begin, 300*time.Millisecond,
		[]quartet.Event{at(-1), at(0), at(300), at(301)})
	require.Len(t, l.Events, 2)
	require.Equal(t, time.Unix(0, int64(300*time.Millisecond)).UTC(), l.Events[1].At)
	require.Equal(t, "pool(2) workerpool", result.Timeline(l).Events()[0].Executor)
}

func ExampleReport_WriteJSON() {
	r := result.Report{Tables: []result.Table{{
		Name: "wait",
		Rows: []result.Row{{Model: "loop", Wall: 10 * time.Millisecond}},
	}}}
	var b strings.Builder
	fmt.Println(r.WriteJSON(&b), strings.Contains(b.String(), `"wall_ns": 10000000`))
	loop, ok := r.Tables[0].Row("loop")
	fmt.Println(loop.Of(result.Wall), ok)
	// Output:
	// <nil> true
	// 10ms true
}

func ExampleLevel_PerSecond() {
	fmt.Println(result.Level{N: 1000, Wall: 20 * time.Millisecond}.PerSecond())
	// Output: 50000
}

func TestStepsShowTheirFigure(t *testing.T) {
	l := result.Level{N: 8, Wall: time.Second, P50: 2, P99: 3, Lost: 4}
	for f, want := range map[result.Figure]string{
		result.Speed: "8", result.SpeedUp: "2.00", result.LostTasks: "4", result.P50: "2ns", result.P99: "3ns",
		result.Wall: "1s",
	} {
		require.Equal(t, want, l.Figure(f, result.Level{Wall: 2 * time.Second}))
	}
}

// A finding is a sentence with the figures of the rows that were measured.
func TestRatios(t *testing.T) {
	for want, of := range map[string][2]time.Duration{
		"2.00": {4, 2}, "0.50": {1, 2}, "0.0038": {38, 10000},
		"-": {1, 0}, "0": {0, 1},
	} {
		require.Equal(t, want, result.Ratio(of[0], of[1]))
	}
}

func TestShares(t *testing.T) {
	for want, of := range map[string][2]time.Duration{
		"<1 %": {1, 101}, "1 %": {1, 100}, "200 %": {2, 1}, "-": {0, 1},
	} {
		require.Equal(t, want, result.Share(of[0], of[1]))
	}
	require.Equal(t, "-", result.Share(1, 0))
}

// What a noisy machine measured is no finding.
func TestNoiseIsNoFinding(t *testing.T) {
	table := result.Table{Name: "crunch", Rows: []result.Row{
		{Model: "inline", Wall: time.Second}, {Model: "gil threads", Wall: time.Second / 2, Noisy: true},
	}}
	require.Equal(t, "crunch: no finding, since other programs used the machine", table.Finding())
	table.Rows[1].Noisy = false
	require.Equal(t, "Compared with inline, the speed of tasks that compute is × 2.00 on ", table.Finding())
}

// A table names as many bad ends as it has: not all are tried everywhere.
func TestACrashCountsItsEnds(t *testing.T) {
	table := result.Table{Name: "crash", Rows: []result.Row{{
		Model: "loop", Name: "loop", Lost: 20, Levels: make([]result.Level, 3),
	}}}
	require.Equal(t, "Of the other tasks 3 bad ends cost 20 on loop", table.Finding())
}

func TestFindings(t *testing.T) {
	table := result.Table{Name: "mixed", Rows: []result.Row{
		{Model: "inline", Name: "inline"},
		{Model: "loop", Name: "loop", P99: 103 * time.Millisecond},
		{Model: "gil threads", Name: "gil threads", P99: 12 * time.Millisecond},
		{Model: "loop+pool", Name: "loop+pool", P99: 2400 * time.Microsecond},
	}}
	require.Equal(t,
		"A ping beside a CPU request takes, at p99, 103 ms on loop, 12 ms on gil threads and 2.4 ms on loop+pool",
		table.Finding())
	table.Rows = table.Rows[:2]
	require.Equal(t, "A ping beside a CPU request takes, at p99, 103 ms on loop", table.Finding())
	table.Rows = table.Rows[:1]
	require.Equal(t, "mixed", table.Finding(), "nothing to say")
	language := result.Table{Name: "language", Rows: []result.Row{{Name: "Go", Wall: 2}, {Name: "node", Wall: 3}}}
	require.Equal(t, "The same work takes 2 ns in Go and 3 ns in node", language.Finding())
}
