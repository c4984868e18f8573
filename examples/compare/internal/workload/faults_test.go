package workload

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// Each of these tests plants a figure that was shown without a reason, or a reason that was none.

// A figure above the ideal has a reason, and one below needs none.
func TestFasterThanTheIdealHasAReason(t *testing.T) {
	p := quick(t, "inline")
	wall := 5 * time.Millisecond
	p.Measure = func(load.Model, load.Setup, load.Scenario) load.Sample {
		return load.Merge([]load.Sample{{Wall: wall, Sent: 1, Answered: 1, Heavy: 1, Latencies: []time.Duration{wall}}})
	}
	p.Probes, p.InFlight = false, []int{1}
	require.Equal(t, timerWasEarly, wait(p).Table.Rows[0].Above)
	require.Equal(t, workWasFaster, mixed(p).Table.Rows[0].Above)
	wall = time.Second
	require.Empty(t, wait(p).Table.Rows[0].Above)
}

// What processes take to start is not what they used of the cores while they served.
func TestTheStartOfProcessesIsNotTheirWork(t *testing.T) {
	p := quick(t, "processes(k)", "loop")
	p.Measure = func(_ load.Model, _ load.Setup, sc load.Scenario) load.Sample {
		if sc.Open() == 0 {
			return load.Sample{CPU: 70 * time.Millisecond}
		}
		return load.Sample{Wall: 100 * time.Millisecond, CPU: 170 * time.Millisecond, Sent: 1}
	}
	samples := p.alternate("crunch", 2, load.Burst(1, load.Ask{}), nil)
	require.InDelta(t, 1, samples[0].Cores(), 1e-9)
	require.InDelta(t, 1.7, samples[1].Cores(), 1e-9, "it starts none")
}

// A thousand simulated threads are no stand-in for a thousand of Python's, without a real row
// beside them too.
func TestAThousandThreadsAreNotPythons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := small(t)
		p.Models = []load.Model{model.Named("inline"), model.Named("gil threads")}
		p.InFlight = []int{100}
		require.Equal(t, "Python's threads", wait(p).Table.Rows[1].Like)
		p.InFlight = []int{100, 1000}
		require.NotContains(t, wait(p).Table.Rows[1].Like, "; Python's threads")
		require.Contains(t, wait(p).Table.Rows[1].Like, "far longer")
	})
}

// A simulated thread gives the lock up to send: one that computes has the lock again before the
// sender has.
func TestSimulatedThreadsSendWithoutTheLock(t *testing.T) {
	for _, name := range []string{"gil threads", "gil per interpreter"} {
		var spent atomic.Int64
		m := model.Named(name)
		server := m.Open(load.Setup{Workers: 1, Spend: func(time.Duration) { spent.Add(1) }})
		answers := make(chan error, 3)
		for range 2 {
			server.Serve(t.Context(), load.Request{Job: load.Job{Wait: time.Millisecond}}, func(err error) {
				answers <- err
			})
		}
		server.Serve(t.Context(), load.Request{Job: load.Job{Fate: load.Panic}}, func(err error) { answers <- err })
		failed := 0
		for range 3 {
			if <-answers != nil {
				failed++
			}
		}
		require.NoError(t, server.Executor.Shutdown(t.Context())) // the last one has sent, and has the lock again
		server.Shut()
		require.Equal(t, 1, failed, "a panic ends its request alone")
		require.EqualValues(t, 6, spent.Load(), "each request is interpreted, and sends its answer")
	}
}

// A cluster takes its time to hand a connection over, one after the other.
func TestAHandOverCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := load.Setup{Workers: 2, Spend: time.Sleep}
		sample := asWaits(model.Named("loops(k)"), s, load.Burst(10, load.Ask{}))
		require.Equal(t, 10*model.HandOver, sample.Wall)
	})
}

// A language that fails is left out with its reason, and the others have the same work in absolute
// time.
func TestTheSameWorkInEachLanguage(t *testing.T) {
	p := quick(t)
	slow := map[string]float64{
		"turns": 0.1, "fib": 0.2, "callbacks": 0.3, "calibrated": 0.05,
		"share of n += 1 lost": 0, "threads per connection": 1,
	}
	p.Languages = []load.Language{
		{
			Name: "python 3.11", Like: "interpreted",
			Measure: func(context.Context) (map[string]float64, error) { return slow, nil },
		},
		{
			Name:    "node",
			Measure: func(context.Context) (map[string]float64, error) { return nil, errors.New("it is ill") },
		},
	}
	out := language(p)
	require.Len(t, out.Table.Rows, 2)
	require.Equal(t, "Go", out.Table.Rows[0].Name)
	require.Equal(t,
		[]time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 50 * time.Millisecond},
		walls(out.Table.Rows[1]))
	require.Equal(t, "node is left out here: it is ill", out.Table.Remarks[0])
	require.Contains(t, out.Table.Remarks[1], "50.0 ns in python 3.11")
	require.Equal(t, verdict.Figure{0, 0, 0}, out.Figures["crunch/python 3.11 threads/share of n += 1 lost"])
	require.Len(t, out.Figures["wait/python 3.11/threads per connection"], 3)
	p.Languages = nil
	require.Empty(t, language(p).Table.Rows, "Go alone is no comparison")
}

func walls(r result.Row) (all []time.Duration) {
	for _, l := range r.Levels {
		all = append(all, l.Wall)
	}
	return all
}
