package workload

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

// inProcess are the models that work in virtual time.
func inProcess() []load.Model {
	return slices.DeleteFunc(slices.Clone(model.All), func(m load.Model) bool { return m.Apart })
}

func asWaits(m load.Model, s load.Setup, sc load.Scenario) load.Sample {
	return load.Measure(m, s, sc, func(a load.Ask) load.Job { return load.Job{Wait: a.Compute + a.Native + a.Wait} })
}

// small is a plan in which computing is waiting, so that time is virtual.
func small(t *testing.T) Plan {
	return Plan{
		Ctx: t.Context(), Models: inProcess(), Rounds: 1, Cores: 2, Measure: asWaits,
		Mixed: 200 * time.Millisecond, InFlight: []int{1, 100, 300}, Workers: []int{1, 2}, Receivers: []int{10},
		Progress: func(string) {},
	}
}

func TestTheWholeInSmall(t *testing.T) {
	for _, wl := range All {
		if wl.Here {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			out := wl.Run(small(t))
			require.Equal(t, wl.Name, out.Table.Name)
			models := inProcess()
			if wl.Name == "chat" { // receivers keep their connections
				models = slices.DeleteFunc(models, func(m load.Model) bool { return m.Fresh })
			}
			require.Len(t, out.Table.Rows, len(models))
			for i, r := range out.Table.Rows {
				require.Equal(t, models[i].Name, r.Model)
				require.Zero(t, r.Lost, r.Name)
				require.NotEmpty(t, r.Latencies, r.Name)
			}
			require.NotEmpty(t, out.Figures)
		})
	}
}

// No start of a process is measured: all are up before the first request.
func TestAllProcessesAreUp(t *testing.T) {
	server := model.Named("processes(k)").Open(load.Setup{Workers: 2})
	defer server.Shut()
	workers := server.Executor.(*procpool.Pool).Workers()
	require.Len(t, workers, min(2, model.Cores()))
	for _, w := range workers {
		require.NotEqual(t, "booting", w.State.String())
	}
}

func TestProcessesAnswerEverything(t *testing.T) {
	for _, m := range model.All {
		if !m.Apart {
			continue
		}
		burst := load.Burst(20, load.Ask{Heavy: true, Compute: time.Millisecond})
		s := load.Measure(m, load.Setup{Workers: 2}, burst, load.Spinner{PerMillisecond: 1000}.Job)
		require.Equal(t, []int64{20, 20}, []int64{s.Sent, s.Answered}, m.Name)
		require.Len(t, s.Latencies, 20)
	}
}

func TestMixedSendsEverythingInTime(t *testing.T) {
	for _, m := range inProcess() {
		synctest.Test(t, func(t *testing.T) {
			p := small(t)
			s := asWaits(m, load.Setup{Workers: 2}, p.pingsBesideWork())
			require.Equal(t, s.Sent, s.Answered, m.Name)
			require.Len(t, s.Latencies, 40, m.Name)
			require.Equal(t, int64(2), s.Heavy, m.Name)
		})
	}
}

// Which models hold all waits at once is exact in virtual time: the pool as many as it has workers,
// inline one.
func TestWaitsAtOnce(t *testing.T) {
	atOnce := map[string]int64{"inline": 1, "pool(k)": WaitWorkers}
	for _, m := range inProcess() {
		synctest.Test(t, func(t *testing.T) {
			s := asWaits(m, load.Setup{Workers: WaitWorkers}, waits(40))
			want, few := atOnce[m.Name]
			if !few {
				want = 40
			}
			require.Equal(t, want, s.Started, m.Name)
			require.Zero(t, s.Running, "%s: a wait does not compute", m.Name)
			require.Equal(t, []int64{40, 40}, []int64{s.Sent, s.Answered}, m.Name)
		})
	}
}

func TestManyWaitsOfFewAreExtrapolated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := wait(small(t)).Table
		inline, _ := table.Row("inline")
		require.Equal(t, 3*time.Second, inline.Wall)
		require.Equal(t, 100, inline.From)
		require.Equal(t, "3s: at most 1 of 300 waited at once", inline.Broken)
		require.Equal(t, []int64{1, 100, 300}, []int64{inline.Levels[0].N, inline.Levels[1].N, inline.Levels[2].N})
		loop, _ := table.Row("loop")
		require.Zero(t, loop.From)
		require.Equal(t, 10*time.Millisecond, loop.Wall)
		pool, _ := table.Row("pool(k)")
		require.Equal(t, "pool(32)", pool.Name)
	})
}

func TestReasonsComeFromTheFigures(t *testing.T) {
	for want, r := range map[string]result.Row{
		"": {P99: pingWithin, Started: 1, Running: 1},
		"p99 20ms: only one request is served at a time, so pings wait for the CPU request":   {P99: 20 * time.Millisecond, Started: 1, Running: 1},
		"p99 20ms: at most 1 of 9 cores computed, so pings waited for something else":         {P99: 20 * time.Millisecond, Started: result.Unknown, Running: result.Unknown, Model: "loop+processes"},
		"p99 20ms: pings and CPU requests share the processes":                                {P99: 20 * time.Millisecond, Started: result.Unknown, Running: result.Unknown},
		"p99 20ms: pings waited for a core while requests computed":                           {P99: 20 * time.Millisecond, Started: 9, Running: 9},
		"p99 20ms: a ping in the CPU request's interpreter waits for that interpreter's lock": {P99: 20 * time.Millisecond, Started: 2, Running: 1, Model: "gil per interpreter"},
		"p99 20ms: the CPU request has the lock; every second ping waits 5ms or more for it":  {P99: 20 * time.Millisecond, P50: 5 * time.Millisecond, Started: 2, Running: 1, Model: "gil threads"},
		"p99 20ms: at most 2 of 9 cores computed, so pings waited for something else":         {P99: 20 * time.Millisecond, Started: 2, Running: 2, Kind: result.Sim},
		"p99 20ms: each loop serves one request at a time; a ping that is handed to the busy loop waits for its CPU request": {
			Model: "loops(k)", P99: 20 * time.Millisecond, Started: 2, Running: 2,
		},
	} {
		JudgeMixed(&r, 9)
		require.Equal(t, want, r.Broken)
	}
	crunched := result.Row{Ideal: time.Second, Wall: 2 * time.Second, Cores: 1}
	JudgeCrunch(&crunched, 2)
	require.Equal(t, "50 %: 1.00 of 2 cores were busy", crunched.Broken)
	waited := result.Row{Wall: time.Second, Cores: 0.5, Started: 7}
	JudgeWait(&waited, 7)
	require.Contains(t, waited.Broken, "all waited at once")
	kept := result.Row{Model: "loop+processes", Wall: time.Second, Started: result.Unknown, Running: result.Unknown}
	JudgeWait(&kept, 7)
	require.Contains(t, kept.Broken, "all waited at once", "its loop keeps the waits")
	one := result.Row{Model: "processes(k)", Wall: time.Second, Started: result.Unknown, Running: result.Unknown}
	JudgeWait(&one, 7)
	require.Contains(t, one.Broken, "each process keeps one wait at a time")
	handed := result.Row{Model: "loops(k)", Wall: time.Second, Started: 2}
	JudgeWait(&handed, 7)
	require.Equal(t, "1s: each request is a new connection; to hand one over takes 400µs of CPU time", handed.Broken)
}

// The lanes are of this run's executors, each request under its label.
func TestLanesHaveAllThatWasSent(t *testing.T) {
	t.Parallel() // it waits for each run's time
	p := small(t)
	p.Measure = func(m load.Model, s load.Setup, sc load.Scenario) load.Sample {
		return load.Measure(m, s, sc, load.Spinner{PerMillisecond: 1}.Job)
	}
	all := Lanes(p)
	require.Len(t, all, len(LanesOf))
	for _, l := range all {
		labels := map[string]bool{}
		for _, e := range l.Events {
			labels[e.Label] = true
		}
		require.True(t, labels[Ping] && labels[Heavy], "%s: %v", l.Model, labels)
	}
}

// A model that fails in the middle has no row, and is not tried again; the others go on.
func TestWhatFailsIsLeftOut(t *testing.T) {
	for _, wl := range All {
		if wl.Here {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			p, runs := small(t), 0
			fails := model.Named("pool(k)")
			fails.Name, fails.Kind = "node", result.Real
			fails.Down = func() bool { return runs == 2 }
			p.Models = append(p.Models[:1:1], fails, model.Named("loop"))
			p.Rounds = 3
			p.Measure = func(m load.Model, s load.Setup, sc load.Scenario) load.Sample {
				if m.Name == "node" {
					runs++
				}
				return asWaits(m, s, sc)
			}
			rows := wl.Run(p).Table.Rows
			require.Len(t, rows, 2)
			require.Equal(t, []string{"inline", "loop"}, []string{rows[0].Model, rows[1].Model})
			require.Equal(t, 2, runs)
		})
	}
}
