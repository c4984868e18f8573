package quartet_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// step is an event of executor pool at a second.
func step(second int, kind quartet.EventKind, task uint64) quartet.Event {
	return quartet.Event{
		Kind: kind, Executor: "pool", Lane: int(task), Task: task, Label: fmt.Sprint("t", task),
		At: time.Unix(int64(second), 0),
	}
}

// work is a record of 20 s: task 1 runs all the time, and short tasks run beside it, a second each.
func work(t *quartet.Timeline) *quartet.Timeline {
	t.Observe(step(0, quartet.EventStarted, 1))
	for second := range 20 {
		task := uint64(second + 2)
		start, end := step(second, quartet.EventStarted, task), step(second+1, quartet.EventEnded, task)
		start.Lane, end.Lane = 2, 2
		t.Observe(start)
		t.Observe(end)
	}
	return t
}

func drawn(t *testing.T, timeline *quartet.Timeline, width int) []string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, timeline.WriteText(&b, width))
	return strings.Split(b.String(), "\n")
}

func TestAFullTimelineKeepsTheNewestEventsAndTheStateOfAllTasks(t *testing.T) {
	limited := work(&quartet.Timeline{Limit: 10})
	require.Len(t, limited.Events(), 10)
	require.Equal(t, time.Unix(20, 0), limited.Events()[9].At)
	lines := drawn(t, limited, 5)
	require.Equal(t, "        pool   1 |#####| t1", lines[0], "it began before the oldest event")
	require.Equal(t, "        pool   2 |#####|", lines[1])
	require.Contains(t, lines[2], "5s")
}

func TestATimelineForgetsEndedTasks(t *testing.T) {
	limited := &quartet.Timeline{Limit: 2}
	limited.Observe(step(0, quartet.EventStarted, 1))
	limited.Observe(step(1, quartet.EventNoted, 1))
	limited.Observe(step(1, quartet.EventEnded, 1))
	for second := range 4 {
		limited.Observe(step(2+second, quartet.EventStarted, uint64(second+2)))
	}
	require.Len(t, drawn(t, limited, 4), 6, "tasks 2 to 5, the axis and the last line's end")
}

func TestAWindowShowsTheStateAtItsBegin(t *testing.T) {
	whole := work(&quartet.Timeline{})
	whole.Remark(quartet.Remark{
		Executor: "pool", Lane: 1, From: time.Unix(1, 0), To: time.Unix(2, 0),
		Text: "before it",
	})
	whole.Remark(quartet.Remark{Executor: "pool", Lane: 1, From: time.Unix(7, 0), To: time.Unix(8, 0), Text: "in it"})
	w := whole.Window(time.Unix(6, 500_000_000), time.Unix(8, 500_000_000))
	lines := drawn(t, w, 4)
	require.Equal(t, "        pool   1 |####| t1", lines[0])
	require.Equal(t, "        pool   2 |####|", lines[1])
	require.Contains(t, lines[2], "2s")
	require.Contains(t, lines[3], "500ms–1.5s: in it")
	require.Len(t, w.Events(), 4)
	require.Len(t, whole.Events(), 41, "the window is a copy")
	require.Len(t, w.Window(time.Unix(7, 0), time.Unix(8, 0)).Events(), 4, "a window of a window")

	quiet := whole.Window(time.Unix(6, 200_000_000), time.Unix(6, 800_000_000))
	require.Empty(t, quiet.Events())
	require.Equal(t, "        pool   1 |####| t1", drawn(t, quiet, 4)[0], "nothing happened in it, and a task ran")
	require.Error(t, whole.Window(time.Unix(-5, 0), time.Unix(-1, 0)).WriteText(&strings.Builder{}, 4))
}

func ExampleTimeline_Window() {
	timeline := work(&quartet.Timeline{Limit: 10_000})
	_ = timeline.Window(time.Unix(2, 0), time.Unix(4, 0)).WriteText(os.Stdout, 20)
	// Output:
	//         pool   1 |####################| t1
	//         pool   2 |####################|
	//                   0                  2s
}

// The goroutines that tell of a task may overtake each other: an ended task stays ended, and a
// running one runs, also when their events have been forgotten.
func TestAFullTimelineForgetsByTimeAndNotByArrival(t *testing.T) {
	limited := &quartet.Timeline{Limit: 2}
	for _, e := range []quartet.Event{
		step(2, quartet.EventEnded, 1), step(1, quartet.EventStarted, 1), step(0, quartet.EventQueued, 1),
		step(1, quartet.EventStarted, 2), step(0, quartet.EventQueued, 2),
		step(3, quartet.EventStarted, 3),
	} {
		limited.Observe(e)
	}
	for second := range 3000 {
		limited.Observe(step(4+second, quartet.EventNoted, 3))
	}
	lines := drawn(t, limited, 4)
	require.Equal(t, "        pool   2 |####| t2", lines[0])
	require.Equal(t, "        pool   3 |####| t3", lines[1])
	require.Contains(t, lines[2], "1s")
}

// A task that has ended in the added record is over, though the record is longer than the Limit of
// the Timeline that it is added to.
func TestAddForgetsTasksThatHaveEndedInTheRecord(t *testing.T) {
	var long quartet.Timeline
	long.Observe(step(0, quartet.EventStarted, 1))
	long.Observe(step(2, quartet.EventEnded, 1))
	for second := range 2000 {
		long.Observe(step(3+second, quartet.EventStarted, uint64(second+2)))
		long.Observe(step(3+second, quartet.EventEnded, uint64(second+2)))
	}
	all := quartet.Timeline{Limit: 10}
	all.Add(long.Window(time.Unix(1, 0), time.Unix(5000, 0)))
	require.NotContains(t, drawn(t, &all, 5), "        pool   1 |#####| t1")
}

// A record that is added may begin with tasks that are under way. What ran before on their lanes is
// drawn all the same.
func TestAddedTasksHideNothing(t *testing.T) {
	on := func(second int, kind quartet.EventKind, task uint64) quartet.Event {
		e := step(second, kind, task)
		e.Lane = 1
		return e
	}
	var early, late quartet.Timeline
	early.Observe(on(0, quartet.EventStarted, 1))
	early.Observe(on(5, quartet.EventEnded, 1))
	late.Observe(on(10, quartet.EventStarted, 2))
	late.Observe(on(25, quartet.EventEnded, 2))
	early.Add(late.Window(time.Unix(20, 0), time.Unix(30, 0)))
	var svg strings.Builder
	require.NoError(t, early.WriteSVG(&svg, 0))
	require.Contains(t, svg.String(), "t1 runs for 5s")
	require.Contains(t, svg.String(), "t2 runs for 5s")
}

// A task that was under way when the added record began counts from that moment on.
func TestSeriesCountsAddedTasksFromTheirRecord(t *testing.T) {
	var early, late quartet.Timeline
	early.Observe(step(0, quartet.EventStarted, 1))
	early.Observe(step(5, quartet.EventEnded, 1))
	late.Observe(step(10, quartet.EventStarted, 2))
	late.Observe(step(25, quartet.EventEnded, 2))
	early.Add(late.Window(time.Unix(20, 0), time.Unix(30, 0)))
	require.Equal(t, quartet.Series{
		{At: time.Unix(0, 0), N: 1},
		{At: time.Unix(5, 0), N: 0},
		{At: time.Unix(20, 0), N: 1},
		{At: time.Unix(25, 0), N: 0},
	}, early.Series("pool", quartet.EventStarted))
}
