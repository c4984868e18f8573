package workload

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
	"github.com/quartet-go/quartet/workerpool"
)

// quick is a plan for this machine with next to nothing to compute.
func quick(t *testing.T, models ...string) Plan {
	p := Short(t.Context(), load.Spinner{PerMillisecond: 1})
	p.Models = nil
	for _, name := range models {
		p.Models = append(p.Models, model.Named(name))
	}
	return p
}

func TestPiecesBeforeAPing(t *testing.T) {
	require.Equal(t, pieces, piecesBefore("microtasks"))
	require.LessOrEqual(t, piecesBefore("immediates"), 2)
	p, out := quick(t), Outcome{Figures: verdict.Figures{}}
	chunking(&p, &out)
	require.Equal(t, verdict.Figure{1, 1, 1}, out.Figures["mixed/microtasks/share before a ping"])
	require.Len(t, out.Table.Remarks, 1)
}

func TestConnectionsAreAnsweredOnTheLoop(t *testing.T) {
	answered, most, err := echo(20)
	require.NoError(t, err)
	require.Equal(t, []int{20, 1}, []int{answered, most})
	p, out := quick(t), Outcome{Figures: verdict.Figures{}}
	sockets(&p, &out)
	require.Contains(t, out.Table.Remarks[0], "100 answered")
	require.Less(t, out.Figures["wait/loop/threads per connection"].Median(), 0.5)
}

// Waiting requests are all in one queue, those with room in the other.
func TestBacklog(t *testing.T) {
	require.Equal(t, float64(backlogItems*backlogBytes), held(many))
	require.LessOrEqual(t, held(backlogRoom), float64((backlogRoom+2)*backlogBytes), "one runs, one is being sent")
	require.Positive(t, held(backlogRoom))
}

// Threads that take turns between the read and the write lose counts, though each step has the
// lock.
func TestThreadsLoseCounts(t *testing.T) {
	share := lostShare(load.Calibrate().Job(load.Ask{Compute: countTakes}))
	require.Greater(t, share, 0.0)
	require.Less(t, share, 1.0)
}

func TestBesideCrunch(t *testing.T) {
	p, out := quick(t), Outcome{Figures: verdict.Figures{"crunch 1/processes(k)/wall": {1, 2, 3}}}
	p.Measure = func(m load.Model, _ load.Setup, sc load.Scenario) load.Sample {
		if m.Name == "inline" {
			return load.Sample{Wall: 2 * time.Second}
		}
		return load.Sample{Wall: time.Second}
	}
	beside(&p, &out)
	require.Equal(t, verdict.Figure{1, 2, 3}, out.Figures["crunch 1/processes(k)/wall"], "it was known")
	require.Equal(t, verdict.Figure{2, 2, 2}, out.Figures["crunch native/inline/wall"])
	require.Contains(t, out.Table.Remarks[0], "× 2.00; one such thread alone, without a library: × 2.00")
}

// What each end takes with it, really.
func TestAccidents(t *testing.T) {
	t.Parallel() // it mostly waits
	p := quick(t, "loop", "pool(k)", "processes(k)", "goroutines")
	p.Rounds = 1
	out := crash(p)
	for name, f := range out.Figures {
		require.Len(t, f, p.Rounds, name)
	}
	lost := map[string]map[string]int64{}
	for _, r := range out.Table.Rows {
		lost[r.Model] = map[string]int64{}
		for _, l := range r.Levels {
			lost[r.Model][l.Label] = l.Lost
		}
	}
	for name, ends := range lost {
		want := map[string]int64{"panic": 0, "exit": 7, "hang": 0}
		switch name {
		case "loop":
			want["hang"] = 6
		case "goroutines":
			want["panic"] = 7
		case "processes(k)":
			want["exit"] = 0
		}
		if name == "pool(k)" && model.Cores() == 1 {
			want["hang"] = 6
		}
		for end, n := range want {
			require.Equal(t, n, ends[end], "%s, %s", name, end)
		}
	}
	processes, _ := out.Table.Row("processes(k)")
	require.Empty(t, processes.Broken)
	require.Zero(t, processes.Lost)
	loop, _ := out.Table.Row("loop")
	require.Contains(t, loop.Broken, "exit costs the program, hang costs 6 of the others")
	require.Contains(t, loop.Like, "ends Node")
	require.Contains(t, processes.Like, "ProcessPoolExecutor breaks as a whole")
}

// A task that is answered late is not lost: only silence is an outcome.
func TestAnAccidentIsOverWhenNothingIsAnsweredAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan int64, crashTasks)
		go func() {
			for range 4 {
				time.Sleep(still * 9 / 10)
				answers <- 1
			}
		}()
		begin := time.Now()
		require.EqualValues(t, 4, settled(load.Panic, answers))
		require.Equal(t, 4*still*9/10+still, time.Since(begin))
		for range crashTasks - 1 {
			answers <- 1
		}
		require.EqualValues(t, crashTasks-1, settled(load.Hang, answers), "the one that hangs is not waited for")
	})
}

func TestTheTypicalAccident(t *testing.T) {
	rounds := []aftermath{{Lost: 7, Wall: 1, Died: true}, {Lost: 0, Wall: 9}, {Lost: 0, Wall: 3}}
	require.Equal(t, aftermath{Wall: 9}, typical(rounds))
	require.Equal(t, verdict.Figure{1, 0, 0}, shares(rounds), "in the order of the rounds")
}

// What an interrupt leaves of crash is rows that have all ends.
func TestInterruptedAccidents(t *testing.T) {
	p := quick(t, "pool(k)", "loop+pool")
	ctx, cancel := context.WithCancel(t.Context())
	p.Ctx = ctx
	p.Progress = func(what string) {
		if strings.HasPrefix(what, "crash, round 1 of 3, exit: loop+pool") {
			cancel()
		}
	}
	out := crash(p)
	require.Len(t, out.Table.Rows, 1)
	require.Equal(t, "pool(k)", out.Table.Rows[0].Model)
	require.Len(t, out.Table.Rows[0].Levels, len(fates()))
}

func TestAccidentsSayWhatTheyCost(t *testing.T) {
	require.Empty(t, costs(map[load.Fate]aftermath{load.Panic: {Wall: 1}}))
	require.Equal(t, "panic costs 1 of the others, exit costs the program",
		costs(map[load.Fate]aftermath{load.Exit: {Lost: 7, Died: true}, load.Panic: {Lost: 1}}))
}

// Loops of one process end together, as those of Node's cluster do not.
func TestLoopsOfOneProcessAreNoClusterThatCrashes(t *testing.T) {
	require.Empty(t, crash(quick(t, "loops(k)")).Table.Rows)
}

// The quickest runs are compared: other programs disturb some of them.
func TestAGainIsTheQuickestRuns(t *testing.T) {
	gain := func(run, inline []time.Duration) bool {
		next := func(of []time.Duration) func() time.Duration {
			return func() time.Duration { d := of[0]; of = append(of[1:], d); return d }
		}
		return gains(next(run), next(inline))
	}
	require.True(t, gain([]time.Duration{99, 80, 99, 99, 99}, []time.Duration{100, 100, 100, 100, 100}))
	require.False(t, gain([]time.Duration{80, 80, 80, 80, 80}, []time.Duration{200, 200, 200, 200, 80}))
}

// whereItRuns is the goroutine that runs a call, as its stack names it.
var whereItRuns = quartet.Define("compare.test.where", func(context.Context, struct{}) (string, error) {
	stack := make([]byte, 64)
	return strings.Fields(string(stack[:runtime.Stack(stack, false)]))[1], nil
})

// A call there and back goes to a worker, also where a worker would cost more than the call.
func TestACallGoesThere(t *testing.T) {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer func() { require.NoError(t, pool.Close()) }()
	here, err := whereItRuns.Local(t.Context(), struct{}{})
	require.NoError(t, err)
	require.NotEqual(t, here, thereAndBack(pool, whereItRuns, struct{}{}))
	require.Equal(t, here, thereAndBack(quartet.Inline(), whereItRuns, struct{}{}))
}

// On a machine that others use no break-even is found: it would be that of the others' pauses.
func TestANoisyMachineHasNoBreakEven(t *testing.T) {
	if !load.CPUTimeKnown {
		t.Skip("the system does not tell CPU time")
	}
	p := quick(t)
	p.Measure = func(load.Model, load.Setup, load.Scenario) load.Sample { return load.Sample{Wall: 100, CPU: 1} }
	for _, r := range cost(p).Table.Rows {
		require.EqualValues(t, result.Unknown, r.Worker.BreakEven, r.Name)
	}
}

func TestCost(t *testing.T) {
	out := cost(quick(t))
	require.EqualValues(t, result.Unknown, out.Table.Rows[0].Worker.BreakEven, "inline does not gain over inline")
	require.NotContains(t, out.Figures, "cost/inline/break-even")
	require.Len(t, out.Table.Rows, len(costed))
	for _, r := range out.Table.Rows {
		require.Positive(t, r.Wall, r.Name)
		require.Positive(t, r.Worker.Start, r.Name)
		require.Len(t, r.Levels, len(payloads))
	}
	p := quick(t)
	p.Cores = 1
	require.Zero(t, p.breakEven(model.Named("pool(k)")), "with one core nothing gains")
}

func TestChatShowsTheStepOfAHundred(t *testing.T) {
	p := quick(t, "loop", "inline")
	p.Models = append(p.Models, load.Model{Name: "python threads", Kind: result.Real, Most: 1000})
	p.Receivers = []int{10, 100, 1000}
	p.Probes = false
	p.Measure = func(m load.Model, _ load.Setup, sc load.Scenario) load.Sample {
		late := time.Duration(len(sc.Requests)) * time.Microsecond
		return load.Merge([]load.Sample{{Wall: late, Latencies: []time.Duration{late}, Started: 1}})
	}
	table := chat(p).Table
	require.Contains(t, table.Title, "a message to 100 receivers")
	require.Equal(t, 1500*time.Microsecond, table.Rows[0].P99)
	require.Len(t, table.Rows[1].Levels, 3)
	require.Len(t, table.Rows[2].Levels, 2, "it has no room for a thousand at once")
	require.Empty(t, table.Rows[0].Broken)
	r := result.Row{P99: slowReader, P50: time.Millisecond, Started: 2, Cores: 0.1}
	JudgeChat(&r)
	require.Equal(t, "p99 10ms: every second one waits 1ms or more, on 0.10 cores", r.Broken)
}
