package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

// inProcess are the models that work in virtual time.
func inProcess() []model {
	return slices.DeleteFunc(slices.Clone(models), func(m model) bool { return strings.Contains(m.name, "processes") })
}

// Computing is waiting here, so that time is virtual.
func TestTheWholeInSmall(t *testing.T) {
	var out strings.Builder
	synctest.Test(t, func(t *testing.T) {
		compare(&out, plan{
			ctx: t.Context(), models: inProcess(), heavy: job{Wait: heavyWork}, crunch: job{Wait: crunchWork},
			rounds: 1, mixed: time.Second, inFlight: []int{1, 300},
		}, workloads)
	})
	for _, m := range inProcess() {
		require.Equal(t, 4, strings.Count(out.String(), m.like), m.name)
	}
	require.Equal(t, 4, strings.Count(out.String(), "in flight/running"))
}

func TestProcessesAnswerEverything(t *testing.T) {
	for _, m := range models {
		if !strings.Contains(m.name, "processes") {
			continue
		}
		s := measure(m, 2, func(r *run) {
			for range 20 {
				r.send(time.Now(), true, true, job{Turns: 1000}, nil)
			}
		})
		require.Equal(t, []int64{20, 20}, []int64{s.sent, s.answered}, m.name)
		require.Len(t, s.latencies, 20)
	}
}

func TestEveryModelAnswersEverything(t *testing.T) {
	for _, m := range inProcess() {
		synctest.Test(t, func(t *testing.T) {
			s := measure(m, 2, func(r *run) { mixedLoad(r, time.Second, job{Wait: heavyWork}) })
			require.Equal(t, s.sent, s.answered, m.name)
			require.Len(t, s.latencies, 200, m.name)
			require.Equal(t, int64(10), s.heavy, m.name)
		})
	}
}

// Which models hold all waits at once is exact in virtual time: the pool as many as it has workers, inline one.
func TestWaitsAtOnce(t *testing.T) {
	atOnce := map[string]int64{"inline": 1, "loop": 40, "loop+pool": 40, "pool": waitWorkers, "goroutines": 40, "gil threads": 40, "gil per interpreter": 40, "loop+gil thread": 40}
	for _, m := range inProcess() {
		synctest.Test(t, func(t *testing.T) {
			s := waitSample(m, 40)
			require.Equal(t, atOnce[m.name], s.running, m.name)
			require.Equal(t, []int64{40, 40}, []int64{s.sent, s.answered}, m.name)
			require.Len(t, s.latencies, 40, m.name)
		})
	}
}

func TestInlineIsExtrapolatedAndMarked(t *testing.T) {
	s := extrapolate(sample{wall: time.Second, latencies: []time.Duration{time.Second}}, 100, 1000)
	require.Equal(t, 10*time.Second, s.wall)
	require.Equal(t, []time.Duration{10 * time.Second}, s.latencies)
	var out strings.Builder
	table{rows: []row{{model: models[0], sample: s, wall: s.wall, ideal: oneWait, broken: "so"}}, bar: func(r row) time.Duration { return r.wall }}.write(&out)
	require.Contains(t, out.String(), "inline ! ~")
	require.Contains(t, out.String(), "inline breaks the rule: so")
	require.Contains(t, out.String(), "extrapolated from 100")
	require.False(t, extrapolate(sample{}, 5, 5).extrapolated)
}

func TestFigures(t *testing.T) {
	ms := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	require.Equal(t, time.Duration(6), percentile(ms, 50))
	require.Equal(t, time.Duration(10), percentile(ms, 99))
	require.Zero(t, percentile(nil, 50))
	m := merge([]sample{{wall: 3, sent: 1, answered: 1}, {wall: 1, sent: 2, answered: 1}, {wall: 2}})
	require.Equal(t, time.Duration(2), m.wall)
	require.Equal(t, []int64{3, 2}, []int64{m.sent, m.answered})
	require.Equal(t, strings.Repeat("█", barWidth), bar(7, 7))
	require.Equal(t, "█", bar(1, 7000))
	require.Equal(t, 1230*time.Microsecond, short(1234*time.Microsecond))
	require.InDelta(t, 50, share(1, 2), 1e-9)
}

func TestEveryRoundHasAllInAnotherOrder(t *testing.T) {
	require.Equal(t, [][]int{{0, 1, 2, 3, 4}, {0, 2, 4, 1, 3}, {0, 3, 1, 4, 2}}, [][]int{order(0, 5), order(1, 5), order(2, 5)})
	for n := 2; n < 10; n++ {
		for round := range 20 {
			is := order(round, n)
			slices.Sort(is)
			for i := range n {
				require.Equal(t, i, is[i])
			}
		}
	}
}

func TestSpinIsProportional(t *testing.T) {
	s := spinner{perMillisecond: 1000}
	require.Equal(t, 2500, s.turns(2500*time.Microsecond))
	require.Positive(t, calibrate().perMillisecond)
	require.NotEqual(t, turn(1), turn(2))
}

func TestFlags(t *testing.T) {
	o, err := parse([]string{"-only", "wait,mixed", "-assert"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, options{only: []string{"wait", "mixed"}, assert: true}, o)
	_, err = parse([]string{"-only", "sleep"}, io.Discard)
	require.EqualError(t, err, `compare: -only: no workload "sleep"; there are mixed, wait, crunch`)
	_, err = parse([]string{"mixed"}, io.Discard)
	require.EqualError(t, err, `compare: "mixed" is not a flag`)
}

// crunched is a table in which threads behind a lock took so long against one second inline.
func crunched(threads time.Duration) []table {
	one := func(name string, wall time.Duration) row {
		return row{model: model{name: name}, wall: wall, sample: sample{rounds: []sample{{wall: wall}}}}
	}
	return []table{{name: "crunch", rows: []row{one("inline", time.Second), one("gil threads", threads)}}}
}

func TestAssertFailsOnAPlantedFigure(t *testing.T) {
	if cores() < 2 {
		t.Skip("the claim needs two cores")
	}
	require.NoError(t, contradiction(judge(crunched(time.Second))))
	require.ErrorContains(t, contradiction(judge(crunched(time.Second/2))), "The lock stops CPU threads")
}

func TestRowsAsData(t *testing.T) {
	var c, j strings.Builder
	require.NoError(t, writeCSV(&c, crunched(time.Second)))
	require.Contains(t, c.String(), "crunch,gil threads,1,0,0,0,0,0,0,0,0,\n")
	require.NoError(t, writeJSON(&j, crunched(time.Second), judge(nil)))
	require.Contains(t, j.String(), `"workload": "crunch"`)
	require.Error(t, save(filepath.Join(t.TempDir(), "none", "x"), func(io.Writer) error { return nil }))
}

func TestInterruptedPrintsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	require.Empty(t, compare(&out, plan{ctx: ctx, models: models, inFlight: []int{1}}, workloads))
	require.Contains(t, out.String(), "interrupted")
}
