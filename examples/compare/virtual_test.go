package main

import (
	"bytes"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/runtimes"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
	"github.com/quartet-go/quartet/examples/compare/internal/virtual"
	"github.com/quartet-go/quartet/examples/compare/internal/workload"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/workerpool"
)

var update = flag.Bool("update", false, "write the golden files anew")

// inVirtualTime is all that -virtual prints and writes. receivers are the most that chat has; 0 is
// no bound.
func inVirtualTime(t *testing.T, receivers int, args ...string) map[string]string {
	dir := t.TempDir()
	o, err := parse(append(args, "-virtual", "-json", filepath.Join(dir, "json"), "-csv",
		filepath.Join(dir, "csv"), "-svg", filepath.Join(dir, "svg")), io.Discard)
	require.NoError(t, err)
	o.receivers = receivers
	var out strings.Builder
	require.NoError(t, run(t.Context(), o, &out, &progress{io.Discard}))
	all := map[string]string{"out": out.String()}
	pictures, err := fs.Glob(os.DirFS(dir), "svg/*.svg")
	require.NoError(t, err)
	for _, name := range append(pictures, "json", "csv") {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		all[name] = string(text)
	}
	return all
}

// golden compares with a file that was looked at, or with its part.
func golden(t *testing.T, file, got string, part func(string) string) {
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	want = []byte(part(string(want)))
	require.True(t, bytes.Equal(want, []byte(got)),
		"%s is not what the program makes; go test ./examples/compare -update writes it:\n%s", file, got)
}

// The same bytes at each run: here by a small scene, and below by golden files.
func TestVirtualIsRepeatable(t *testing.T) {
	all := inVirtualTime(t, 0, "-only", "mixed,crunch")
	require.Contains(t, all, "svg/crunch.svg")
	require.Equal(t, all, inVirtualTime(t, 0, "-only", "mixed,crunch"))
}

// The race detector sees all of the simulation in a small scene too, twice beside each other.
func TestVirtualInSmall(t *testing.T) {
	small := func() *result.Report {
		pool := workerpool.New(workerpool.Config{Workers: 2, Queue: workerpool.NoQueue})
		defer pool.Close()
		plan := workload.Short(t.Context(), load.Spinner{}).Full()
		plan.Cores, plan.Measure, plan.Job, plan.Probes = virtual.Cores, virtual.Measure(0), nil, false
		plan.Models, plan.On = virtual.Models(plan.Models), pool
		plan.InFlight, plan.Receivers = []int{1, 50}, []int{10, 50}
		report := &result.Report{Figures: verdict.Figures{}}
		compare(report, plan, []string{"mixed", "wait", "crunch", "chat"}, &runtimes.Installed{}, func(result.Table) {})
		return report
	}
	first := small()
	require.Len(t, first.Tables, 4)
	for _, table := range first.Tables {
		rows := len(model.All)
		if table.Name == "chat" {
			rows-- // without loops(k): receivers keep their connections
		}
		require.Len(t, table.Rows, rows, table.Name)
	}
	require.Equal(t, first, small())
}

// The same bytes on each machine. Without -long chat has no thousand receivers, which take nine
// tenths of the time. Under the race detector this takes minutes, all of them for one goroutine at
// a time.
func TestVirtualIsExact(t *testing.T) {
	if raceEnabled {
		t.Skip("a thousand threads of a simulation take minutes under the race detector")
	}
	whole := strings.Clone // of a golden text
	receivers, part := 0, whole
	if !executortest.Long() && !*update {
		receivers, part = 100, withoutAThousandReceivers
	}
	all := inVirtualTime(t, receivers, "-full")
	golden(t, "testdata/virtual.txt", all["out"], part)
	golden(t, "testdata/virtual.csv", all["csv"], whole)
	// The README's pictures.
	golden(t, "../../docs/mixed.svg", all["svg/mixed.svg"], whole)
	golden(t, "../../docs/mixed-latency.svg", all["svg/mixed-latency.svg"], whole)
}

// withoutAThousandReceivers is what -virtual -full prints, but for the last column of chat's steps.
func withoutAThousandReceivers(text string) string {
	before, rest, _ := strings.Cut(text, "\n  p99, by receivers\n")
	steps, after, _ := strings.Cut(rest, "\n  a delivery")
	steps = regexp.MustCompile(`(?m) +\S+$`).ReplaceAllString(steps, "")
	return before + "\n  p99, by receivers\n" + steps + "\n  a delivery" + after
}
