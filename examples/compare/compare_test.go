package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	require.ErrorContains(t, err, `compare: -only: no workload "sleep"; there are mixed, wait, crunch`)
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
		Name: "wait", Title: "waits", Rule: "soon", BarOf: result.Wall, Steps: "in flight", StepOf: result.Speed, Remarks: []string{"and so on"},
		Rows: []result.Row{
			{Name: "inline", Like: "nothing", Wall: time.Second, Ideal: 10 * time.Millisecond, Broken: "late", From: 100, Levels: []result.Level{{Label: "1", N: 1, Wall: 10 * time.Millisecond}, {Label: "10", N: 10, Wall: 100 * time.Millisecond}}},
			{Name: "loop", Like: "Node", Kind: result.Sim, Wall: 1234 * time.Microsecond, Ideal: time.Millisecond, InFlight: 9, Running: 3, Cores: 1.5, Levels: []result.Level{{Label: "1", N: 1, Wall: 10 * time.Millisecond}, {Label: "10", N: 10, Wall: 10 * time.Millisecond}}},
		},
	})
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, []string{
		"",
		"wait: waits; rule: soon",
		"",
		"model       like     wall    × inline  ideal  reached  p50  p99  max  in flight/running  cores  lost  wall",
		"inline ! ~  nothing  1s      1.00      10ms   1 %      -    -    -    -                  -      0     ████████████████████",
		"loop (sim)  Node     1.23ms  810.37    1ms    81 %     -    -    -    9/3                1.50   0     █",
		"! inline breaks the rule: late",
		"~ inline is extrapolated from 100",
		"",
		"  per second, by in flight",
		"            1    10",
		"  inline  100   100",
		"    loop  100  1000",
		"  and so on",
		"",
	}, lines)
}

// The last column is there when real rows are.
func TestRowsAgainstRealOnes(t *testing.T) {
	table := result.Table{Name: "mixed", BarOf: result.P99, Rows: []result.Row{
		{Name: "inline", Wall: time.Second},
		{Name: "loop", Wall: time.Second, P99: time.Second, Against: []result.Against{{Real: "node", P50: 1, P99: 0.987}, {Real: "python", Speed: 2}}},
	}}
	var out strings.Builder
	printTable(&out, table)
	lines := strings.Split(out.String(), "\n")
	require.Regexp(t, "lost +p99 +sim against real$", lines[3])
	require.Regexp(t, " 0 +-$", lines[4])
	require.Regexp(t, "█  node: p50 × 1.00, p99 × 0.99; python: per second × 2.00$", lines[5])

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
  loop    1ms        ?       never
  pool     1s  1.5 KiB         8µs
`, out.String())
}

// planted are figures in which threads behind a lock took so many times as long as inline.
func planted(times float64) []verdict.Verdict {
	return verdict.Judge(verdict.Figures{"crunch/inline/wall": {1, 1, 1}, "crunch/gil threads/wall": {times, times, times}}, 2)
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
	require.Contains(t, others, "One thread holds 1000 waits")
	require.Contains(t, others, string(verdict.NoWorkload))
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
	require.NoError(t, writeCSV(&c, []result.Table{{Name: "crunch", Rows: []result.Row{{Name: "loop", Wall: time.Second, Broken: "a,b"}}}}))
	require.Contains(t, c.String(), "crunch,loop,,1,0,0,0,0,0,0,0,0,\"a,b\"\n")
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
	compare(report, plan, names(true), &runtimes.Installed{}, func(table result.Table) {
		shown++
		require.Len(t, table.Rows, 3)
	})
	require.Equal(t, 1, shown)
	require.Equal(t, 3, runs)
}
