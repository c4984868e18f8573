package virtual_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/virtual"
)

// beside are pings beside CPU requests.
func beside(span time.Duration) load.Scenario {
	sc := load.Scenario{Chain: load.Ask{Label: "heavy", Heavy: true, Compute: 100 * time.Millisecond}, For: span}
	for at := time.Duration(0); at < span; at += 5 * time.Millisecond {
		sc.Requests = append(sc.Requests, load.Timed{Ask: load.Ask{Label: "ping"}, At: at, Counts: true})
	}
	return sc
}

func TestEverythingIsAnswered(t *testing.T) {
	for _, m := range model.All {
		for what, sc := range map[string]load.Scenario{
			"pings":       beside(300 * time.Millisecond),
			"waits":       load.Burst(50, load.Ask{Wait: 10 * time.Millisecond}),
			"tasks":       load.Burst(8, load.Ask{Heavy: true, Compute: 50 * time.Millisecond}),
			"heavy waits": load.Burst(3, load.Ask{Heavy: true, Compute: time.Millisecond, Wait: time.Millisecond}),
		} {
			s := virtual.Measure(1)(m, load.Setup{Workers: 2}, sc)
			require.Equal(t, s.Sent, s.Answered, "%s, %s", m.Name, what)
			require.GreaterOrEqual(t, s.Sent, int64(len(sc.Requests)))
			require.Len(t, s.Latencies, len(sc.Requests))
			require.Positive(t, s.Wall)
			if sc.Chain.Label != "" {
				require.Equal(t, s.Sent-int64(len(sc.Requests)), s.Heavy)
			}
		}
	}
}

// How many requests are under way at once is what the models differ in. A cluster hands over 26
// while the first one waits.
func TestAtOnce(t *testing.T) {
	waits := load.Burst(40, load.Ask{Wait: 10 * time.Millisecond})
	for name, want := range map[string]int64{
		"inline": 1, "pool(k)": 4, "processes(k)": 2, "loop": 40, "loops(k)": 26,
		"loop+pool": 40, "goroutines": 40,
	} {
		require.Equal(t, want, virtual.Measure(0)(model.Named(name), load.Setup{Workers: 4}, waits).Started, name)
	}
	tasks := load.Burst(8, load.Ask{Heavy: true, Compute: 50 * time.Millisecond})
	for name, want := range map[string]int64{
		"inline": 1, "pool(k)": 2, "loop+pool": 2, "loop+processes": 2,
		"gil threads": 1, "loops(k)": 2,
	} {
		require.Equal(t, want, virtual.Measure(0)(model.Named(name), load.Setup{Workers: 2}, tasks).Running, name)
	}
}

func TestTheSameSeedIsTheSameRun(t *testing.T) {
	for _, m := range model.All {
		run := func(seed uint64, round int) load.Sample {
			return virtual.Measure(seed)(m, load.Setup{Workers: 2, Round: round}, beside(200*time.Millisecond))
		}
		require.Equal(t, run(3, 1), run(3, 1), m.Name)
		require.NotEqual(t, run(3, 1).Latencies, run(3, 2).Latencies, m.Name)
		require.NotEqual(t, run(3, 1).Latencies, run(4, 1).Latencies, m.Name)
	}
}

// What a lane shows of a request adds up: it runs for as long as it computes, whoever took the lock
// meanwhile.
func TestLanesShowWhatRan(t *testing.T) {
	for _, m := range model.All {
		var seen quartet.Timeline
		virtual.Measure(0)(m, load.Setup{Workers: 2, Observer: &seen},
			load.Burst(2, load.Ask{Label: "heavy", Heavy: true, Compute: 20 * time.Millisecond}))
		ran, since := map[uint64]time.Duration{}, map[uint64]time.Time{}
		answered := 0
		for _, e := range seen.Events() {
			switch e.Kind {
			case quartet.EventStarted, quartet.EventResumed:
				since[e.Task] = e.At
			case quartet.EventSuspended:
				ran[e.Task] += e.At.Sub(since[e.Task])
			case quartet.EventEnded:
				answered++
			}
		}
		require.Equal(t, 2, answered, m.Name)
		for id, d := range ran {
			// A thread that has lost its core to another for a slice of the scheduler's (3 ms)
			// still runs.
			require.InDelta(t, 20, d.Seconds()*1000, 3.5, "%s, request %d", m.Name, id)
		}
		require.Len(t, ran, 2, m.Name)
	}
}

func ExampleMeasure() {
	tasks := load.Burst(8, load.Ask{Heavy: true, Compute: 50 * time.Millisecond})
	for _, name := range []string{"gil threads", "processes(k)"} {
		s := virtual.Measure(0)(model.Named(name), load.Setup{Workers: 2}, tasks)
		fmt.Println(name, s.Wall.Round(50*time.Millisecond))
	}
	// Output:
	// gil threads 400ms
	// processes(k) 200ms
}
