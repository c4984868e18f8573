package page

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// report is one with made-up figures.
func report() *result.Report {
	table := func(name string) result.Table {
		t := result.Table{Name: name, Title: "what is done", Rule: "p99 below 10ms", BarOf: result.P99, Steps: "in flight", StepOf: result.Speed}
		for i, model := range []string{"inline", "loop", "loop+gil thread", "gil per interpreter"} {
			d := time.Duration(i+1) * time.Millisecond
			t.Rows = append(t.Rows, result.Row{
				Model: model, Name: model, Like: "ProcessPoolExecutor; Node's cluster", Wall: d, Ideal: time.Millisecond, P50: d, P99: 2 * d, Max: 3 * d,
				Latencies: []result.Point{{Latency: d / 2, Share: .1}, {Latency: d, Share: .5}, {Latency: 3 * d, Share: 1}},
				Levels:    []result.Level{{At: 1, Label: "1", N: 1, Wall: d}, {At: 100, Label: "100", N: 100, Wall: 2 * d}},
			})
		}
		t.Rows[0].Broken = "one request runs at a time"
		return t
	}
	return &result.Report{
		Machine: result.Machine{Go: "go1.26", OS: "linux", Arch: "amd64", Cores: 2, Rounds: 3},
		Tables:  []result.Table{table("mixed"), table("wait"), table("crunch"), table("chat"), table("crash"), table("cost")},
		Verdicts: []verdict.Verdict{
			{Claim: "Water is wet", Outcome: verdict.Holds, Evidence: "mixed/loop/p99 ÷ mixed/inline/p99 = 2 (rounds: 1 to 3)"},
			{Claim: "Fire is cold", Outcome: verdict.Unmeasured, Why: verdict.NoWorkload},
		},
	}
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
	for _, want := range []string{"<h2>cost</h2>", "one request runs at a time", "Water is wet", "HOLDS", "Not measured: Fire is cold."} {
		require.Contains(t, html, want)
	}
	require.Equal(t, 2*4+3, strings.Count(html, "<svg "), "four pictures in two widths, three of the lock")
	require.Contains(t, written(t, &result.Report{}), "Verdicts", "of nothing too")
}

func TestRowsAgainstRealOnesAreAColumn(t *testing.T) {
	r := report()
	require.NotContains(t, written(t, r), "sim against real")
	r.Tables[0].Rows[1].Against = []result.Against{{Real: "node", P50: 1, P99: 0.987}}
	html := written(t, r)
	require.Equal(t, 1, strings.Count(html, "sim against real"), "of one table")
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

// On a phone and on a desk nothing sticks out. It asks Chromium, where that is installed.
func TestNothingOverflows(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page.html"), []byte(written(t, report())), 0o600))
	for _, width := range []int{390, 1280} {
		frame := fmt.Sprintf(`<iframe src="page.html" style="border:0;width:%dpx;height:800px" onload="with(this.contentDocument.documentElement)document.title='over by '+(scrollWidth-clientWidth)"></iframe>`, width)
		path := filepath.Join(dir, "frame.html")
		require.NoError(t, os.WriteFile(path, []byte(frame), 0o600))
		dom, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--allow-file-access-from-files",
			"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=5000", "--dump-dom", "file://"+path).Output()
		require.NoError(t, err)
		require.Contains(t, string(dom), "<title>over by 0</title>", "%d pixels", width)
	}
}
