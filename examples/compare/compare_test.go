package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/runtimes"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
	"github.com/quartet-go/quartet/examples/compare/internal/workload"
	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

func TestFlags(t *testing.T) {
	o, err := parse([]string{"-only", "wait,mixed", "-assert", "-seed", "7"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, options{only: []string{"wait", "mixed"}, assert: true, seed: 7}, o)
	o, err = parse(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{"mixed", "wait", "crunch"}, o.only)
	_, err = parse([]string{"-only", "sleep"}, io.Discard)
	require.ErrorContains(t, err, `compare: -only: no workload "sleep"; there are mixed, wait, crunch, language`)
	_, err = parse([]string{"-virtual", "-only", "crash"}, io.Discard)
	require.EqualError(t, err, "compare: -virtual: crash is not simulated")
	o, err = parse([]string{"-virtual", "-full"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{"mixed", "wait", "crunch", "chat"}, o.only)
	_, err = parse([]string{"mixed"}, io.Discard)
	require.EqualError(t, err, `compare: "mixed" is not a flag`)
}

func TestTable(t *testing.T) {
	var out strings.Builder
	printTable(&out, result.Table{
		Name: "wait", Title: "waits", Rule: "soon", BarOf: result.Wall, Steps: "in flight", StepOf: result.Speed,
		Remarks: []string{"and so on"},
		Rows: []result.Row{
			{
				Name: "inline", Like: "nothing", Wall: time.Second, Ideal: 10 * time.Millisecond, Broken: "late",
				From: 100,
				Levels: []result.Level{
					{Label: "1", N: 1, Wall: 10 * time.Millisecond},
					{Label: "10", N: 10, Wall: 100 * time.Millisecond},
				},
			},
			{
				Name: "loop", Like: "Node", Kind: result.Sim, Noisy: true, Wall: 1234 * time.Microsecond,
				Ideal: 2 * time.Millisecond, Above: "it was early", InFlight: 9, Running: 3, Cores: 1.5,
				Levels: []result.Level{
					{Label: "1", N: 1, Wall: 10 * time.Millisecond},
					{Label: "10", N: 10, Wall: 10 * time.Millisecond},
				},
			},
		},
	})
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, []string{
		"",
		"wait: waits; rule: soon",
		"",
		"model     wall   × inline ideal got   p50 p99 max in flight/run cores lost",
		"  wall                 like",
		"inline !~ 1s     1.00     10ms  1 %   -   -   -   -             -     0",
		"  ████████████████████ nothing",
		"loop ?+   1.23ms 810.37   2ms   162 % -   -   -   9/3           1.50  0",
		"  █                    sim: Node",
		"! inline breaks the rule: late",
		"~ inline is extrapolated from 100",
		"? other programs used the machine meanwhile: these rows judge nothing",
		"+ loop is faster than its ideal: it was early",
		"",
		"  per second, by in flight",
		"            1    10",
		"  inline  100   100",
		"    loop  100  1000",
		"  and so on",
		"",
	}, lines)
}

// Lines fit a projector, whatever they say.
func TestLinesFit(t *testing.T) {
	words := strings.Repeat("a word and 漢字 ", 40)
	for line := range strings.Lines(wrapped("! ", words)) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), lineWidth)
	}
	require.Equal(t, "! a b", wrapped("! ", "a  b"))
	golden, err := os.ReadFile(filepath.Join("testdata", "virtual.txt"))
	require.NoError(t, err)
	for line := range strings.Lines(string(golden)) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), lineWidth, line)
	}
}

// A row says how it stands against real ones, where they were measured.
func TestRowsAgainstRealOnes(t *testing.T) {
	table := result.Table{Name: "mixed", BarOf: result.P99, Rows: []result.Row{
		{Name: "inline", Wall: time.Second},
		{
			Name: "loop", Like: "Node", Wall: time.Second, P99: time.Second,
			Against: []result.Against{{Real: "node", P50: 1, P99: 0.987}, {Real: "python", Speed: 2}},
		},
	}}
	var out strings.Builder
	printTable(&out, table)
	lines := strings.Split(out.String(), "\n")
	require.Contains(t, lines,
		"  ████████████████████ Node; against node: p50 × 1.00, p99 × 0.99; python: per second × 2.00")

	out.Reset()
	other := result.Table{Name: "crash", Rows: []result.Row{{Name: "inline"}}}
	require.NoError(t, writeCSV(&out, []result.Table{table, other}))
	lines = strings.Split(out.String(), "\n")
	require.Regexp(t, ",broken,sim_against_real$", lines[0])
	require.Regexp(t, `,"node: p50 × 1.00, p99 × 0.99; python: per second × 2.00"$`, lines[2])
	require.Regexp(t, ",,-$", lines[3])
	out.Reset()
	require.NoError(t, writeCSV(&out, []result.Table{other}))
	require.Equal(t, strings.Join(columns, ","), strings.Split(out.String(), "\n")[0])
}

func TestWorkers(t *testing.T) {
	var out strings.Builder
	printWorkers(&out, result.Table{Rows: []result.Row{
		{Name: "loop", Worker: &result.Worker{Start: time.Millisecond}},
		{Name: "pool", Worker: &result.Worker{Start: time.Second, Memory: 1536, BreakEven: 8 * time.Microsecond}},
	}})
	require.Equal(t, `
  a worker, and from what length on tasks gain from several
        start   memory  break-even
  loop    1ms        -       never
  pool     1s  1.5 KiB         8µs
`, out.String())
}

// planted are figures in which threads behind a lock took so many times as long as inline.
func planted(times float64) []verdict.Verdict {
	fs := verdict.Figures{"crunch/loop/wall": {1, 1, 1}, "crunch/gil threads/wall": {times, times, times}}
	return verdict.Judge(verdict.Evidence{Figures: fs, Cores: 2})
}

func TestAssertFailsOnAPlantedFigure(t *testing.T) {
	require.NoError(t, contradiction(planted(1)))
	require.ErrorContains(t, contradiction(planted(0.5)), "The lock stops CPU threads")
}

func TestVerdictsNameWhatWasNotMeasured(t *testing.T) {
	var out strings.Builder
	printVerdicts(&out, planted(1))
	measured, others, ok := strings.Cut(out.String(), "\n"+string(verdict.NotRun))
	require.True(t, ok)
	require.Contains(t, measured, "HOLDS")
	require.Contains(t, others, "One thread holds 1000 waits near the ideal (wait)")
	_, without, ok := strings.Cut(others, string(verdict.NoRow))
	require.True(t, ok)
	require.Contains(t, without, "Processes bypass the lock (crunch ran without processes(k))")
	_, real, ok := strings.Cut(without, "-runtimes auto measures them")
	require.True(t, ok)
	require.Contains(t, real, "Python falls short in scaling over cores")
	require.Contains(t, real, string(verdict.NoWorkload))
}

// Earlier measurements are read, printed and judged again. The article is made of them, with the
// figures beside it.
func TestReportsAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"wait", "crunch"} {
		r := result.Report{
			Machine: result.Machine{Notes: []string{"/opt/node/bin/node: 20.1.0"}},
			Figures: verdict.Figures{name + "/loop/wall": {1}},
			Tables: []result.Table{{
				Name: name,
				Rows: []result.Row{{Name: "inline", Latencies: []result.Point{{Latency: 1, Share: 1}}}},
			}},
		}
		require.NoError(t, save(file(name), r.WriteJSON))
	}
	o, err := parse([]string{"-from", file("crunch") + "," + file("wait"), "-article", file("article.md")}, io.Discard)
	require.NoError(t, err)
	require.True(t, o.full)
	require.Equal(t, []string{runtimes.Auto}, o.runtimes)
	var out strings.Builder
	require.NoError(t, run(t.Context(), o, &out, &progress{io.Discard}))
	require.Contains(t, out.String(), "crunch ran without")
	require.Less(t, strings.Index(out.String(), "\nwait:"), strings.Index(out.String(), "\ncrunch:"),
		"in the order in which they run")
	figures, err := os.ReadFile(file("article.json"))
	require.NoError(t, err)
	require.NotContains(t, string(figures), "latencies")
	require.NotContains(t, string(figures), "/opt")
	text, err := os.ReadFile(file("article.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "NOT MEASURED")
	o.from = []string{file("none")}
	require.Error(t, run(t.Context(), o, &out, &progress{io.Discard}))
}

func TestFilesAreWritten(t *testing.T) {
	dir := t.TempDir()
	o := options{only: []string{"crunch"}, json: filepath.Join(dir, "j"), csv: filepath.Join(dir, "c")}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	require.NoError(t, run(ctx, o, &out, &progress{io.Discard}))
	require.Contains(t, out.String(), "interrupted")
	j, err := os.ReadFile(o.json)
	require.NoError(t, err)
	require.Contains(t, string(j), `"interrupted": true`)
	require.FileExists(t, o.csv)
	require.Error(t, save(filepath.Join(dir, "none", "x"), func(io.Writer) error { return nil }))

	var c strings.Builder
	require.NoError(t,
		writeCSV(&c,
			[]result.Table{{Name: "crunch", Rows: []result.Row{{Name: "loop", Wall: time.Second, Broken: "a,b"}}}}))
	require.Contains(t, c.String(), "crunch,loop,,1,0,0,0,0,0,0,0,0,0,\"a,b\"\n")
}

func TestProgressIsOnlyForTerminals(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	p := newProgress(f)
	p.say("mixed")
	p.clear()
	require.NoError(t, f.Close())
	written, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	require.Empty(t, written)

	var terminal strings.Builder
	p = &progress{&terminal}
	p.say("mixed")
	require.Equal(t, "\r\x1b[Kmixed", terminal.String())
}

// What an interrupt leaves is shown, and no more is begun.
func TestInterruptedShowsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	plan := workload.Short(ctx, load.Spinner{PerMillisecond: 1})
	plan.Mixed = time.Millisecond
	plan.Progress = func(string) {
		if runs++; runs == 3 {
			cancel()
		}
	}
	report, shown := &result.Report{Figures: verdict.Figures{}}, 0
	compare(report, plan, names(true, false), &runtimes.Installed{}, func(table result.Table) {
		shown++
		require.Len(t, table.Rows, 3)
	})
	require.Equal(t, 1, shown)
	require.Equal(t, 3, runs)
}
