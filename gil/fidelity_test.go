package gil

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const ms = time.Millisecond

// row is a line of the fidelity table: what CPython measures, and how far the machine may be off.
type row struct {
	name      string
	real      float64
	tolerance float64 // a share; 0: printed, not asserted
	factor    float64 // in place of tolerance
	below     float64 // likewise: an upper bound
	predicted func(t *testing.T) float64
}

func (r row) limit() string {
	switch {
	case r.below > 0:
		return fmt.Sprintf("below %v", r.below)
	case r.factor > 0:
		return fmt.Sprintf("factor %v", r.factor)
	case r.tolerance > 0:
		return fmt.Sprintf("±%.0f %%", r.tolerance*100)
	}
	return "printed"
}

func (r row) holds(predicted float64) bool {
	switch {
	case r.below > 0:
		return predicted < r.below
	case r.factor > 0:
		return predicted < r.real*r.factor && predicted > r.real/r.factor
	case r.tolerance > 0:
		return math.Abs(predicted/r.real-1) <= r.tolerance
	}
	return true
}

// known are the rows that the one machine misses: a row that is here and holds fails the test too, so that the
// documentation does not outlive the fault.
var known = map[string]bool{}

// TestFidelity compares the LinuxVM machine with medians measured on CPython on a virtual machine of two cores, and the
// table with the one in the package's documentation.
func TestFidelity(t *testing.T) {
	table := []string{fmt.Sprintf("%-54s %9s %6s %7s  %s", "experiment", "predicted", "real", "error", "tolerance")}
	for _, r := range fidelityRows() {
		p := r.predicted(t)
		verdict := ""
		if !r.holds(p) {
			verdict = "MISSED"
		}
		line := fmt.Sprintf("%-54s %9s %6g %+6.1f%%  %s %s", r.name, short(p), r.real, 100*(p/r.real-1), r.limit(), verdict)
		table = append(table, strings.TrimRight(line, " "))
		if r.holds(p) == known[r.name] {
			t.Errorf("%s: predicted %.4g, real %.4g, %s; documented as missed: %v", r.name, p, r.real, r.limit(), known[r.name])
		}
	}
	isDocumented(t, table)
}

// short writes x with four digits, and never with an exponent.
func short(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}

// TestFidelityBands shows how far the predictions go apart where CPython's own do: five seeds, and all constants of the
// machine times 0.7, 1 and 1.3.
func TestFidelityBands(t *testing.T) {
	table := []string{fmt.Sprintf("%-54s %9s %9s", "per second", "lowest", "highest")}
	for _, x := range []struct {
		name   string
		think  time.Duration
		beside int
	}{
		{"echo beside 1 CPU thread", 500 * us, 1},
		{"echo beside 2 CPU threads", 500 * us, 2},
		{"echo beside 4 CPU threads", 500 * us, 4},
		{"echo that answers at once, beside 1 CPU thread", 0, 1},
	} {
		low, high := math.Inf(1), 0.0
		for _, percent := range []int{70, 100, 130} {
			for seed := range uint64(5) {
				cfg := cfgOf(CPython38(), seed+1)
				cfg.Machine = LinuxVM.Scaled(percent)
				perSecond, _ := echo(t, cfg, x.think, x.beside, 5*time.Second)
				low, high = min(low, perSecond), max(high, perSecond)
			}
		}
		table = append(table, fmt.Sprintf("%-54s %9.4g %9.4g", x.name, low, high))
	}
	isDocumented(t, table)
}

// isDocumented checks that the package comment has these lines, as preformatted text.
func isDocumented(t *testing.T, table []string) {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	t.Log("\n" + strings.Join(table, "\n"))
	if !strings.Contains(string(doc), "//\t"+strings.Join(table, "\n//\t")+"\n") {
		t.Error("doc.go has another table than this one")
	}
}

func fidelityRows() []row {
	var rows []row
	add := func(name string, real, tolerance float64, predicted func(t *testing.T) float64) {
		rows = append(rows, row{name: name, real: real, tolerance: tolerance, predicted: predicted})
	}
	for _, p := range []Policy{CPython38(), CPython313()} {
		add(fmt.Sprintf("%v, 1 to 8 CPU threads against sequence", p), 1, .10, func(t *testing.T) float64 { return farthest(t, p, 8) })
	}
	for _, x := range []struct {
		n    int
		real float64
	}{{2, 1.5}, {4, 2.0}, {8, 2.8}} {
		add(fmt.Sprintf("2.7, %d CPU threads against sequence", x.n), x.real, .25, func(t *testing.T) float64 { return countdown(t, CPython27(), x.n, 100*ms) })
	}
	for _, x := range []struct {
		d               time.Duration
		real, tolerance float64
		hold            float64
		ops, opsTol     float64
		p50             float64
	}{
		{100 * us, 4600, .20, 0, 1150, .20, 0},
		{ms, 790, .20, 1.13, 564, .20, 1.75},
		{5 * ms, 186, .10, 5.19, 170, .10, 5.8},
		{20 * ms, 48.6, .10, 20.24, 47, .10, 20.9},
		{100 * ms, 9.9, .10, 0, 0, 0, 0},
	} {
		d := 20 * time.Second
		add(fmt.Sprintf("switches per second, interval %v", x.d), x.real, x.tolerance, func(t *testing.T) float64 { s, _ := switches(t, Interval(x.d), d); return s })
		if x.hold > 0 {
			add(fmt.Sprintf("hold time p50, interval %v, ms", x.d), x.hold, .05, func(t *testing.T) float64 { _, h := switches(t, Interval(x.d), d); return h })
		}
		if x.ops > 0 {
			add(fmt.Sprintf("echo beside a CPU thread, interval %v, per second", x.d), x.ops, x.opsTol, func(t *testing.T) float64 { s, _ := echo(t, cfgOf(Interval(x.d), 1), 500*us, 1, d); return s })
		}
		if x.p50 > 0 {
			add(fmt.Sprintf("echo beside a CPU thread, interval %v, p50 ms", x.d), x.p50, .10, func(t *testing.T) float64 { _, h := echo(t, cfgOf(Interval(x.d), 1), 500*us, 1, d); return h })
		}
	}
	add("echo alone, per second", 1560, .10, func(t *testing.T) float64 { s, _ := echo(t, cfgOf(CPython38(), 1), 500*us, 0, 5*time.Second); return s })
	quantile := func(q float64) func(t *testing.T) float64 {
		return func(t *testing.T) float64 {
			w := wakeUps(t, CPython38(), 60*time.Second)
			return w[int(q*float64(len(w)))]
		}
	}
	add("wake-up beside a CPU thread, p50 ms", 3.43, .10, quantile(.5))
	add("wake-up beside a CPU thread, p90 ms", 5.24, .15, quantile(.9))
	add("wake-up beside a CPU thread, mean ms", 3.45, .15, func(t *testing.T) float64 {
		sum, w := 0.0, wakeUps(t, CPython38(), 60*time.Second)
		for _, x := range w {
			sum += x
		}
		return sum / float64(len(w))
	})
	add("wake-up beside a CPU thread, p99 ms", 9.0, 0, quantile(.99))
	add("500 µs compute + 2 ms wait, n = 4, share of bound", .945, .10, func(t *testing.T) float64 { return share(t, 4, 500*us, 2*ms) })
	add("500 µs compute + 2 ms wait, n = 8, share of bound", .86, .10, func(t *testing.T) float64 { return share(t, 8, 500*us, 2*ms) })
	add("50 µs compute + 200 µs wait, n = 4, share of bound", .95, .10, func(t *testing.T) float64 { return share(t, 4, 50*us, 200*us) })
	add("50 µs compute + 200 µs wait, n = 8, share of bound", .60, .30, func(t *testing.T) float64 { return share(t, 8, 50*us, 200*us) })
	add("10 threads sleeping 2 ms × 15, speed-up", 9.7, .10, func(t *testing.T) float64 { return sleepers(t, 10) })
	add("50 threads sleeping 2 ms × 15, speed-up", 40.8, .20, func(t *testing.T) float64 { return sleepers(t, 50) })
	add("probe beside a call that holds the lock, stall/call", 1.02, .05, func(t *testing.T) float64 { return stall(t, DoHold) })
	rows = append(rows, row{name: "probe beside a call that releases it, stall/call", real: .03, below: .1, predicted: func(t *testing.T) float64 { return stall(t, DoRelease) }})
	add("two interpreters of own lock against sequence", .55, .15, func(t *testing.T) float64 { return countdown(t, PerInterpreter(2, CPython312()), 2, 300*ms) })
	for _, x := range []struct {
		ticks int
		real  float64
	}{{100, 11000}, {1000, 2030}} {
		rows = append(rows, row{name: fmt.Sprintf("2.7, switches per second, check interval %d", x.ticks), real: x.real, factor: 1.5, predicted: func(t *testing.T) float64 { s, _ := switches(t, Ticks(x.ticks), time.Second); return s }})
	}
	return rows
}
