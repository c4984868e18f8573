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
	l := result.NewLanes("pool(k)", "pool(2)", begin, 300*time.Millisecond, []quartet.Event{at(-1), at(0), at(300), at(301)})
	require.Len(t, l.Events, 2)
	require.Equal(t, time.Unix(0, int64(300*time.Millisecond)).UTC(), l.Events[1].At)
	require.Equal(t, "pool(2) workerpool", result.Timeline(l).Events()[0].Executor)
}

func ExampleReport_WriteJSON() {
	r := result.Report{Tables: []result.Table{{Name: "wait", Rows: []result.Row{{Model: "loop", Wall: 10 * time.Millisecond}}}}}
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
		result.Speed: "8", result.SpeedUp: "2.00", result.LostTasks: "4", result.P50: "2ns", result.P99: "3ns", result.Wall: "1s",
	} {
		require.Equal(t, want, l.Figure(f, result.Level{Wall: 2 * time.Second}))
	}
}
