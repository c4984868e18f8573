package gil

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quartet-go/quartet"
)

// WriteText writes the report: a line about all, a line for each thread, in the order of their
// numbers, and for their sum, and one for each convoy. "has it" is with the lock, "wants it"
// waiting for it, "without" computing without it; "forced" and "freely" say how often it gave the
// lock up, "lost" how often it was woken for it and found it taken. Half of the waits took no
// longer than "p50 wait", which is up to twice too much.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s: %s, %.0f%% of the best (%s)", r.Policy, plural(r.Cores, "core"), brief(r.Wall),
		100*r.Share, brief(r.Bound))
	if r.Utilization > 0 {
		fmt.Fprintf(&b, "; the lock is held %.0f%% of the time", 100*r.Utilization)
	}
	fmt.Fprintf(&b, "; %.2f threads compute at a time; fairness %.2f\n", r.Parallelism, r.Fairness)
	t := newTable(&b, "thread", "life", "has it", "wants it", "without", "waits", "forced", "freely", "lost",
		"p50 wait", "longest")
	var waits quartet.Histogram
	var life time.Duration
	for _, f := range slices.SortedStableFunc(slices.Values(r.Threads),
		func(a, b ThreadFigures) int { return cmp.Compare(a.Number, b.Number) }) {
		t.row(f.name(), f.Life, &f.Figures, &f.Waits)
		life += f.Life
		addHistogram(&waits, &f.Waits)
	}
	t.row("all", life, &r.Total, &waits)
	t.flush()
	for _, l := range r.Loads {
		fmt.Fprintf(&b, "%v\n", l)
	}
	for _, c := range r.Convoys {
		fmt.Fprintf(&b, "%v\n", c)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *ThreadFigures) name() string {
	if f.Label != "" {
		return f.Label
	}
	return fmt.Sprintf("T%d", f.Number)
}

// table is lines of cells, the first to the left and the others to the right.
type table struct {
	b     *strings.Builder
	cells strings.Builder
	tabs  *tabwriter.Writer
}

func newTable(b *strings.Builder, heads ...string) *table {
	t := &table{b: b}
	// tabwriter aligns all columns to one side; flush moves the names to the other.
	t.tabs = tabwriter.NewWriter(&t.cells, 0, 0, 2, ' ', tabwriter.AlignRight)
	t.line(heads...)
	return t
}

func (t *table) line(cells ...string) {
	_, _ = io.WriteString(t.tabs, strings.Join(cells, "\t")+"\t\n")
}

func (t *table) row(name string, life time.Duration, f *Figures, waits *quartet.Histogram) {
	t.line(name, brief(life), brief(f.Run), brief(f.Wait), brief(f.Native), brief(f.Blocked),
		fmt.Sprint(f.Forced), fmt.Sprint(f.Voluntary), fmt.Sprint(f.Lost), brief(waits.Quantile(0.5)), brief(waits.Max))
}

// flush writes the table with its first column to the left: the widths are those of the writer,
// which has it to the right.
func (t *table) flush() {
	_ = t.tabs.Flush()
	for line := range strings.Lines(t.cells.String()) {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		name, rest := cutName(text)
		t.b.WriteString(strings.TrimRight(name+strings.Repeat(" ", max(0, indent-2))+rest, " \n") + "\n")
	}
}

// cutName divides a line after its first cell: two spaces or more follow it.
func cutName(line string) (name, rest string) {
	i := strings.Index(line, "  ")
	if i < 0 {
		return line, ""
	}
	return line[:i], line[i:]
}

// brief is a duration to three digits. The unit is the finest in which it has fewer than four
// digits, so columns stay narrow. It rounds before it compares, so that 999.6 µs becomes 1ms and
// not 1000µs.
func brief(d time.Duration) string {
	for unit := time.Duration(1); ; unit *= 10 {
		if d.Round(unit)/unit < 1000 {
			return d.Round(unit).String()
		}
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
