package quartet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/workerpool"
)

// record runs a task that works for 2 s, awaits one that works for 4 s, and works for 2 s more.
func record(t *testing.T, open func(quartet.Observer) quartet.Runner) *quartet.Timeline {
	t.Helper()
	timeline := &quartet.Timeline{}
	synctest.Test(t, func(t *testing.T) {
		r := open(timeline)
		work := func(ctx context.Context, d time.Duration) { time.Sleep(d) }
		_, err := quartet.Do(quartet.Label(t.Context(), "outer"), r, func(ctx context.Context) (int, error) {
			work(ctx, 2*time.Second)
			_, err := quartet.Go(quartet.Label(ctx, "inner"), r, func(ctx context.Context) (int, error) {
				work(ctx, 4*time.Second)
				return 0, errors.New("inner's")
			}).Await(ctx)
			work(ctx, 2*time.Second)
			return 0, err
		})
		require.Error(t, err)
		require.NoError(t, r.Close())
	})
	return timeline
}

func openLoop(o quartet.Observer) quartet.Runner {
	l := eventloop.New(eventloop.Config{Observer: o, SlowCallback: time.Hour})
	l.Start()
	return l
}

func openPool(o quartet.Observer) quartet.Runner {
	return workerpool.New(workerpool.Config{Workers: 1, Observer: o})
}

func TestTimelineEvents(t *testing.T) {
	want := []string{
		"0s queued 1 outer false", "0s started 1 outer false",
		"2s queued 2 inner false", "2s suspended 1 outer false", "2s started 2 inner false",
		"6s ended 2 inner true", "6s resumed 1 outer false", "8s ended 1 outer true",
	}
	for name, open := range map[string]func(quartet.Observer) quartet.Runner{
		"eventloop":  openLoop,
		"workerpool": openPool,
	} {
		events := record(t, open).Events()
		var got []string
		for _, e := range events {
			require.Equal(t, name, e.Executor)
			got = append(got, fmt.Sprint(e.At.Sub(events[0].At), " ", e.Kind, " ", e.Task, " ", e.Label, " ", e.Failed))
		}
		require.ElementsMatch(t, want, got)
	}
}

func TestTimelineText(t *testing.T) {
	var b strings.Builder
	require.NoError(t, record(t, openPool).WriteText(&b, 16))
	require.Equal(t, strings.Join([]string{
		"  workerpool   0 |####~~~~~~~~####| outer",
		"  workerpool   1 |    ########    | inner",
		"                  0              8s",
		"",
	}, "\n"), b.String())
	b.Reset()
	require.NoError(t, record(t, openLoop).WriteText(&b, 8))
	require.Contains(t, b.String(), "   eventloop   0 |########|\n")
	require.Error(t, new(quartet.Timeline).WriteText(&b, 8))
	require.Error(t, new(quartet.Timeline).WriteChrome(&b))
	require.Error(t, new(quartet.Timeline).WriteSVG(&b, 0))
}

func TestTimelineChrome(t *testing.T) {
	var b strings.Builder
	require.NoError(t, record(t, openPool).WriteChrome(&b))
	var trace struct {
		TraceEvents []struct {
			Name, Cat, Ph, ID string
			TS, Dur           float64
			PID, TID          int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(b.String()), &trace))
	var got []string
	for _, e := range trace.TraceEvents {
		got = append(got, fmt.Sprintf("%s %s %s %v+%v @%d.%d", e.Ph, e.Name, e.Cat, e.TS/1e6, e.Dur/1e6, e.PID, e.TID))
	}
	require.ElementsMatch(t, []string{
		"M process_name  0+0 @1.0", "M thread_name  0+0 @1.0", "M thread_sort_index  0+0 @1.0",
		"M thread_name  0+0 @1.1", "M thread_sort_index  0+0 @1.1",
		"b outer queued 0+0 @1.0", "e outer queued 0+0 @1.0",
		"X outer  0+2 @1.0",
		"b inner queued 2+0 @1.0", "e inner queued 2+0 @1.0",
		"b outer suspended 2+0 @1.0", "e outer suspended 6+0 @1.0",
		"X inner  2+4 @1.1",
		"X outer  6+2 @1.0",
	}, got)
}

func ExampleTimeline() {
	timeline := &quartet.Timeline{}
	pool := workerpool.New(workerpool.Config{Workers: 1, Observer: timeline})
	_, _ = quartet.Do(quartet.Label(context.Background(), "greet"), pool, func(context.Context) (int, error) {
		return 0, nil
	})
	_ = pool.Close()
	for _, e := range timeline.Events() {
		fmt.Println(e.Executor, e.Kind, e.Label)
	}
	// Output:
	// workerpool queued greet
	// workerpool started greet
	// workerpool ended greet
}

func TestSerializedRefusesWhatCannotBeEncoded(t *testing.T) {
	ex := quartet.Serialized(quartet.Inline())
	_, err := reciprocal.Do(t.Context(), ex, 3)
	require.ErrorContains(t, err, `encoding the output of "timeline_test.reciprocal"`)
	v, err := reciprocal.Do(t.Context(), ex, 0)
	require.NoError(t, err)
	require.Zero(t, v)
	require.PanicsWithValue(t, "quartet: Serialized of a nil Executor", func() { quartet.Serialized(nil) })
	_, err = reciprocal.Do(t.Context(), quartet.Inline(), 3)
	require.NoError(t, err, "without the codec it goes unseen")
}

// reciprocal returns, but for 0, a value that JSON has no word for.
var reciprocal = quartet.Define("timeline_test.reciprocal", func(_ context.Context, n float64) (float64, error) {
	if n == 0 {
		return 0, nil
	}
	return math.Inf(1), nil
})

func ExampleSerialized() {
	ex := quartet.Serialized(quartet.Inline())
	fmt.Println(reciprocal.Do(context.Background(), ex, 0))
	// Output: 0 <nil>
}
