package page

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/palette"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// report is one with made-up figures: every model, each kind of picture, and long words.
func report() *result.Report {
	table := func(name string) result.Table {
		t := result.Table{
			Name: name, Title: "what is done", Rule: "p99 below 10ms", Limit: 10 * time.Millisecond,
			BarOf: result.P99, Steps: "in flight", StepOf: result.Speed,
			Remarks: []string{"against the real one: the p99 of loop+gil thread is 0.60 times that of python to_thread"},
		}
		var models []string
		for _, e := range palette.Models {
			models = append(models, e.Model)
		}
		for i, model := range append(models, "node", "python 3.11 asyncio", "python 3.11 to_thread",
			"python 3.14t threads") {
			d := time.Duration(1+i/3*i) * 777 * time.Microsecond
			r := result.Row{
				Model: model, Name: model, Like: "Node with child_process; asyncio + processes", Kind: result.Sim,
				From: 100,
				Wall: d, Ideal: time.Millisecond, P50: d, P99: 2 * d, Max: 3 * d, Cores: 1.99, Lost: 1000,
				Levels: []result.Level{
					{At: 1, Label: "1", N: 1, Wall: d},
					{At: 100, Label: "100", N: 100, Wall: 2 * d},
					{At: 1000, Label: "1000", N: 1000, Wall: 3 * d},
					{At: 1 << 20, Label: "1 MiB", N: 2000, Wall: 3 * d},
				},
			}
			if i >= len(models) {
				r.Kind = result.Real
			}
			for share := range 200 {
				r.Latencies = append(r.Latencies,
					result.Point{Latency: d * time.Duration(share+1) / 50, Share: float64(share+1) / 200})
			}
			t.Rows = append(t.Rows, r)
		}
		t.Rows[0].Broken = "one request runs at a time"
		t.Rows[5].Against = []result.Against{
			{Real: "python 3.11 to_thread", P50: 0.987, P99: 1.234},
			{Real: "python 3.14t threads", P50: 0.987, P99: 1.234},
		}
		return t
	}
	cost := table("cost")
	for i := range cost.Rows {
		cost.Rows[i].Worker = &result.Worker{
			Start: time.Millisecond, Memory: 10 << 20,
			BreakEven: 2050 * time.Microsecond,
		}
	}
	return &result.Report{
		Machine: result.Machine{
			Go: "go1.26", OS: "linux", Arch: "amd64", Cores: 2, Rounds: 3,
			Notes: []string{"node v20.20.2", "python3 3.11.7"},
		},
		Tables: []result.Table{
			table("mixed"), table("wait"), table("crunch"), table("language"), table("chat"),
			table("crash"), cost,
		},
		Lanes: []result.Lanes{
			lanes("loop", "eventloop"), lanes("loop+gil thread", "gil", "loop thread"),
			lanes("processes(2)", "procpool"),
		},
		Verdicts: []verdict.Verdict{
			{
				Claim: "Water is wet", Outcome: verdict.Holds,
				Evidence: "the p99 of pings was 103 ms on loop and 2.4 ms on loop+pool; ratio 43, in the rounds 15 to 44; the claim holds from 3",
			},
			{
				Claim:    "Beside a thread that computes, another may wait a switch interval (5 ms) for the lock",
				Outcome:  verdict.DoesNotHold,
				Evidence: "the median of pings was 5.8 ms on gil threads (simulated), 1.2 intervals; ratio 1.2; the claim holds from 0.75",
			},
			{Claim: "Fire is cold", Outcome: verdict.Unmeasured, Why: verdict.NoWorkload},
		},
	}
}

// lanes are a model's first 300 ms: a heavy request after the other on an executor's lane, and a
// ping every 5 ms on the last executor's, each answered at the end of the heavy one.
func lanes(model string, executors ...string) result.Lanes {
	l := result.Lanes{Model: model, Name: model, Span: 300 * time.Millisecond}
	event := func(kind quartet.EventKind, executor string, task uint64, label string, ms int) {
		l.Events = append(l.Events,
			quartet.Event{
				Kind: kind, Executor: executor, Task: task, Label: label,
				At: time.UnixMilli(int64(ms)).UTC(),
			})
	}
	last := executors[len(executors)-1]
	for i := range 3 {
		event(quartet.EventStarted, executors[0], uint64(1+i), "work", 100*i)
		for ms := 100 * i; ms < 100*i+100; ms += 5 {
			event(quartet.EventQueued, last, uint64(10+ms), "ping", ms)
		}
		event(quartet.EventEnded, executors[0], uint64(1+i), "work", 100*i+100)
		for ms := 100 * i; ms < 100*i+100; ms += 5 {
			event(quartet.EventStarted, last, uint64(10+ms), "ping", 100*i+100)
			event(quartet.EventEnded, last, uint64(10+ms), "ping", 100*i+100)
		}
	}
	return l
}

func written(t *testing.T, r *result.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, Write(&b, r, "work", "ping"))
	return b.String()
}

func TestThePageStandsAlone(t *testing.T) {
	html := written(t, report())
	for _, foreign := range []string{"<script", "<link", "href=", "src=", "@import", "ZgotmplZ"} {
		require.NotContains(t, html, foreign)
	}
	for _, want := range []string{
		"<h3>cost</h3>", "one request runs at a time", "Water is wet",
		"<strong>holds</strong>", "<strong>does not hold</strong>", "loop.Post(func() { // A",
		"per second, by in flight", "10240.0 KiB", "2.05ms", "claims that no workload measures: Fire is cold.",
	} {
		require.Contains(t, html, want)
	}
	require.Equal(t, 2*6, strings.Count(html, `class="chart"`), "six pictures in two widths")
	require.Equal(t, 2*3, strings.Count(html, `class="q-svg"`), "and three of the lock")
	nothing := written(t, &result.Report{})
	require.Contains(t, nothing, "The verdicts", "of nothing too")
	require.NotContains(t, nothing, "real runtime")
	for _, page := range []string{html, nothing} {
		for _, m := range regexp.MustCompile(`var\((--[a-z0-9-]+)\)`).FindAllStringSubmatch(page, -1) {
			require.Contains(t, page, m[1]+":", "each colour has a value")
		}
	}
}

// The page begins with three findings, each a sentence with its figures, and their pictures, in
// which the rule is a line.
func TestThePageBeginsWithItsFindings(t *testing.T) {
	html := written(t, report())
	findings, rest, ok := strings.Cut(html, "<h2>The models</h2>")
	require.True(t, ok)
	require.Equal(t, 3, strings.Count(findings, `<section class="finding">`))
	require.Contains(t, findings, "A ping beside a CPU request takes, at p99, ")
	require.Equal(t, 2*4, strings.Count(findings, `class="chart"`), "mixed has two")
	require.Positive(t, strings.Count(findings, `class="rule"`))
	models, evidence, ok := strings.Cut(rest, "<h2>The verdicts</h2>")
	require.True(t, ok)
	require.Contains(t, models, "Six steps of a loop")
	require.Contains(t, evidence, "<h2>The evidence</h2>")
}

// A row that stands for nothing here, that others disturbed, or that is faster than its ideal, says
// so.
func TestMarksAreExplained(t *testing.T) {
	r := report()
	html := written(t, r)
	require.NotContains(t, html, "Other programs used the machine")
	r.Tables[0].Rows[1].Noisy, r.Tables[0].Rows[1].Above = true, "it was early"
	html = written(t, r)
	require.Contains(t, html, "Other programs used the machine")
	require.Contains(t, html, "loop is faster than its ideal: it was early.")
}

func TestRowsAgainstRealOnesAreAColumn(t *testing.T) {
	r := report()
	for i := range r.Tables {
		r.Tables[i].Rows[5].Against = nil
	}
	require.NotContains(t, written(t, r), ">sim against real<")
	r.Tables[0].Rows[1].Against = []result.Against{{Real: "node", P50: 1, P99: 0.987}}
	html := written(t, r)
	require.Equal(t, 1, strings.Count(html, ">sim against real<"), "of one table")
	require.Contains(t, html, "node: p50 × 1.00, p99 × 0.99")
}

func TestSixStepsOfALoop(t *testing.T) {
	frames, err := turns(6)
	require.NoError(t, err)
	require.Equal(t, []string{"A", "tick of A", "microtask of A"}, frames[0].Ran)
	require.Equal(t, []Queue{{"timers", nil}, {"posted", []string{"A", "B"}}, {"immediates", nil}}, frames[0].Queues)
	var ran []string
	for _, f := range frames {
		ran = append(ran, f.Ran[0])
	}
	require.ElementsMatch(t, []string{"A", "B", "C", "D", "E", "F"}, ran)
}
