package quartet_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// busy is the record of a pool of two workers in virtual time, which gets six tasks of 30 ms, one
// each 10 ms.
func busy() *quartet.Timeline {
	timeline, clock := &quartet.Timeline{}, &workerpool.Clock{}
	pool := workerpool.New(workerpool.Config{Name: "pool", Workers: 2, Clock: clock, Observer: timeline})
	clock.Go(context.Background(), func(ctx context.Context) {
		for i := range 6 {
			_ = pool.SubmitTask(quartet.Label(ctx, fmt.Sprint("t", i+1)), quartet.TaskFunc(func(ctx context.Context) {
				_ = quartet.Sleep(ctx, 30*time.Millisecond)
			}))
			_ = quartet.Sleep(ctx, 10*time.Millisecond)
		}
		_ = pool.Shutdown(ctx)
	})
	_ = clock.Run(context.Background())
	return timeline
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func ExampleTimeline_Series() {
	queue := busy().Series("pool", quartet.EventQueued)
	for _, p := range queue {
		fmt.Println(p.At.Format("05.000"), p.N)
	}
	fmt.Println(queue.Max(), queue.At(at(45)), queue.Mean(at(20), at(60)))
	// Output:
	// 00.000 0
	// 00.020 1
	// 00.050 2
	// 00.060 1
	// 00.070 0
	// 2 1 1.25
}

func ExampleTimeline_Samples() {
	samples := busy().Samples("pool")
	for _, s := range samples {
		fmt.Println(s.Label, s.Took, "of which it waited", s.Wait)
	}
	wait := func(s quartet.Sample) time.Duration { return s.Wait }
	fmt.Println(samples.Quantile(0.5), samples.Quantile(0.99), samples.QuantileOf(0.5, wait))
	// Output:
	// t1 30ms of which it waited 0s
	// t2 30ms of which it waited 0s
	// t3 40ms of which it waited 10ms
	// t4 40ms of which it waited 10ms
	// t5 50ms of which it waited 20ms
	// t6 50ms of which it waited 20ms
	// 40ms 50ms 10ms
}

func TestASeriesFollowsTheStates(t *testing.T) {
	timeline := &quartet.Timeline{}
	require.Nil(t, timeline.Series("pool", quartet.EventQueued))
	require.Empty(t, timeline.Samples("pool"))
	for _, e := range []quartet.Event{
		step(0, quartet.EventQueued, 1), step(0, quartet.EventStarted, 1), step(1, quartet.EventQueued, 2),
		step(2, quartet.EventNoted, 1), step(2, quartet.EventSuspended, 1), step(2, quartet.EventStarted, 2),
		step(3, quartet.EventResumed, 1), step(5, quartet.EventEnded, 1), step(5, quartet.EventEnded, 2),
		{Kind: quartet.EventQueued, Executor: "other", Task: 1, At: time.Unix(4, 0)},
	} {
		timeline.Observe(e)
	}
	numbers := func(t *quartet.Timeline, states ...quartet.EventKind) (numbers [][2]int64) {
		for _, p := range t.Series("pool", states...) {
			numbers = append(numbers, [2]int64{p.At.Unix(), int64(p.N)})
		}
		return numbers
	}
	queued, running, waits := quartet.EventQueued, quartet.EventStarted, quartet.EventSuspended
	require.Equal(t, [][2]int64{{0, 0}, {1, 1}, {2, 0}}, numbers(timeline, queued))
	require.Equal(t, [][2]int64{{0, 1}, {3, 2}, {5, 0}}, numbers(timeline, running), "one begins as the other waits")
	require.Equal(t, [][2]int64{{0, 0}, {2, 1}, {3, 0}}, numbers(timeline, waits))
	require.Equal(t, [][2]int64{{0, 1}, {1, 2}, {5, 0}}, numbers(timeline, queued, running, waits))

	w := timeline.Window(time.Unix(2, 500_000_000), time.Unix(4, 0))
	require.Equal(t, [][2]int64{{2, 1}, {3, 2}}, numbers(w, running))
	quiet := timeline.Window(time.Unix(3, 500_000_000), time.Unix(3, 800_000_000))
	require.Equal(t, [][2]int64{{3, 2}}, numbers(quiet, running))
	require.Empty(t, quiet.Samples("pool"), "their begin is not in it")

	s := timeline.Series("pool", running)
	require.Equal(t, []int{0, 1, 1, 2, 2, 0}, []int{
		s.At(time.Unix(-1, 0)), s.At(time.Unix(0, 0)), s.At(time.Unix(1, 0)), s.At(time.Unix(3, 0)),
		s.At(time.Unix(4, 0)),
		s.At(time.Unix(9, 0)),
	})
	require.Equal(t, 2, s.Max())
	require.InDelta(t, 7./6, s.Mean(time.Unix(-1, 0), time.Unix(5, 0)), 1e-9)
	require.InDelta(t, 1.5, s.Mean(time.Unix(2, 0), time.Unix(4, 0)), 1e-9)
	require.Zero(t, s.Mean(time.Unix(2, 0), time.Unix(2, 0)))
	require.Zero(t, quartet.Series(nil).Max())
}

func TestSamplesAddUp(t *testing.T) {
	timeline := &quartet.Timeline{}
	failed := step(8, quartet.EventEnded, 2)
	failed.Failed = true
	for _, e := range []quartet.Event{
		step(0, quartet.EventQueued, 1), step(2, quartet.EventStarted, 1), step(3, quartet.EventSuspended, 1),
		step(7, quartet.EventResumed, 1), step(8, quartet.EventEnded, 1),
		step(1, quartet.EventQueued, 2), failed, // it never started
		step(4, quartet.EventQueued, 3), step(6, quartet.EventStarted, 3),
		step(5, quartet.EventStarted, 9), step(9, quartet.EventNoted, 9), // it began before the record
	} {
		timeline.Observe(e)
	}
	s := time.Second
	samples := timeline.Samples("pool")
	require.Equal(t, quartet.Samples{
		{
			Task: 1, Label: "t1", Lane: 1, Queued: time.Unix(0, 0), Took: 8 * s, Wait: 2 * s, Ran: 2 * s, Waited: 4 * s,
			Ended: true,
		},
		{Task: 2, Label: "t2", Queued: time.Unix(1, 0), Took: 7 * s, Wait: 7 * s, Ended: true, Failed: true},
		{Task: 3, Label: "t3", Lane: 3, Queued: time.Unix(4, 0), Took: 5 * s, Wait: 2 * s, Ran: 3 * s},
	}, samples)
	for q, want := range map[float64]time.Duration{
		0: 5 * s, 0.33: 5 * s, 0.34: 7 * s, 0.5: 7 * s, 0.67: 8 * s,
		1: 8 * s,
	} {
		require.Equal(t, want, samples.Quantile(q), q)
	}
	require.Equal(t, 3*s, samples.QuantileOf(1, func(x quartet.Sample) time.Duration { return x.Ran }))
	hundred := make(quartet.Samples, 100)
	for i := range hundred {
		hundred[i].Took = time.Duration(100 - i)
	}
	require.Equal(t, []time.Duration{30, 100}, []time.Duration{hundred.Quantile(0.29), hundred.Quantile(0.99)})
	require.Zero(t, quartet.Samples(nil).Quantile(0.5))
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		require.Panics(t, func() { samples.Quantile(q) }, q)
	}
}

// Several records in one picture: each with the tasks that it knows from before its begin.
func TestTimelinesAreAdded(t *testing.T) {
	one, other := &quartet.Timeline{}, &quartet.Timeline{}
	one.Observe(step(0, quartet.EventStarted, 1))
	one.Observe(step(3, quartet.EventNoted, 1))
	other.Observe(step(0, quartet.EventStarted, 2))
	other.Observe(step(4, quartet.EventNoted, 2))
	other.Remark(quartet.Remark{Executor: "pool", From: time.Unix(3, 0), To: time.Unix(4, 0), Text: "a remark"})
	both := &quartet.Timeline{}
	both.Add(one.Window(time.Unix(1, 0), time.Unix(5, 0)))
	both.Add(other.Window(time.Unix(3, 0), time.Unix(5, 0)))
	both.Add(&quartet.Timeline{})
	lines := drawn(t, both.Window(time.Unix(1, 0), time.Unix(5, 0)), 4)
	require.Equal(t, "        pool   1 |####| t1", lines[0])
	require.Equal(t, "        pool   2 |  ##| t2", lines[1], "not known before its record begins")
	require.Contains(t, lines[3], "a remark")
}
