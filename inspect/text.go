package inspect

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
)

// textColumns is the width of the pictures in the text form.
const textColumns = 100

// mostLanes bounds the lanes of one executor in a picture. recorder.Observe divides the events by
// it. More lanes would make the picture longer than a screen.
const mostLanes = 32

// writeText is the page for a terminal: the findings first, then each executor. Subjects and
// s.Executors have the same order and length.
func (p *Page) writeText(b *bytes.Buffer) error {
	s := p.Snapshot()
	for _, f := range s.Findings {
		fmt.Fprintf(b, "%s: %s: %s\n", strings.ToUpper(f.Level), f.Executor, f.Text)
	}
	for i, x := range s.Executors {
		fmt.Fprintf(b, "\n== %s (%s)\n", x.Name, x.Kind)
		x.writeText(b)
		t, left := p.subjects[i].timeline(s.At)
		// A Timeline without events is an error there, and nothing unusual here.
		if err := t.WriteText(b, textColumns); err != nil {
			fmt.Fprintln(b, "nothing happened while somebody looked")
		} else if left > 0 {
			fmt.Fprintf(b, "and %d lanes more\n", left)
		}
	}
	return nil
}

// Text from the program was cleaned by snapshot, so a label cannot drive the terminal. writeText
// writes the numbers of one executor, a line for each kind of them. What does not apply to its kind
// has no line. Errors of b are none: a bytes.Buffer never fails.
func (x Executor) writeText(b *bytes.Buffer) {
	s := x.Stats
	fmt.Fprintf(b, "running %d of %d, waiting %d, queued %d, blocked submitters %d\n",
		s.Running, s.Limit, s.Waiting, s.Queued, s.Blocked)
	fmt.Fprintf(b, "submitted %d, done %d, failed %d, abandoned %d, rejected %d\n",
		s.Submitted, s.Done, s.Failed, s.Abandoned, s.Rejected)
	if r := x.Rates; r.Seconds > 0 {
		fmt.Fprintf(b, "per second, over %.1f s: submitted %s, ended %s, failed %s, rejected %s\n",
			r.Seconds, rateText(r.Submitted), rateText(r.Ended), rateText(r.Failed), rateText(r.Rejected))
	}
	writeHistogram(b, "queue wait", s.QueueWait)
	writeHistogram(b, "run time", s.RunTime)
	if l := x.Loop; l != nil {
		fmt.Fprintf(b,
			"loop: utilization %.0f %%, lag p50 %v p99 %v, %d posted, %d connections, %d blocking functions, %d dropped\n",
			100*l.Utilization, round(l.LagP50), round(l.LagP99), l.Pending, l.Conns, l.Blocked, l.Dropped)
		if c := l.Current; c != nil {
			fmt.Fprintf(b, "  has run for %v: %s\n", round(c.Ran), c.Func)
			writeStack(b, c.Stack)
		}
		for _, c := range l.Slow {
			fmt.Fprintf(b, "  slow callback: %s, %v\n", c.Func, round(c.Ran))
		}
	}
	if l := x.Lock; l != nil {
		fmt.Fprintf(b, "lock: held by %s, %d wait, the longest for %v; waits p50 %v p99 %v, %d switches, %d forced\n",
			l.holders(), l.Waiters, round(l.Longest), round(l.WaitP50), round(l.WaitP99), l.Switches, l.Forced)
		for _, c := range l.Convoys {
			fmt.Fprintf(b, "  convoy: %s\n", c)
		}
	}
	// Sorted, so that two refreshes can be compared line by line.
	for _, cause := range slices.Sorted(maps.Keys(x.Restarts)) {
		fmt.Fprintf(b, "  processes replaced, %s: %d\n", cause, x.Restarts[cause])
	}
	for _, w := range x.Workers {
		fmt.Fprintf(b, "  process %d: %s, age %v, %d calls, %s, %s\n",
			w.PID, w.State, round(w.Age), w.Calls, bytesText(w.Memory), w.running())
	}
	writeTasks(b, "longest", x.Longest)
	writeTasks(b, "queued", x.Queue)
}

// writeHistogram writes quantiles: a terminal has no room for bars. A histogram without values has
// no line.
func writeHistogram(b *bytes.Buffer, name string, h quartet.Histogram) {
	if h.Count > 0 {
		fmt.Fprintf(b, "%s: p50 %v, p90 %v, p99 %v, max %v\n",
			name, round(h.Quantile(.5)), round(h.Quantile(.9)), round(h.Quantile(.99)), round(h.Max))
	}
}

// A stack is under its task only for a long one: see addStacks. writeTasks writes a line for each
// task.
func writeTasks(b *bytes.Buffer, what string, tasks []Task) {
	for _, t := range tasks {
		fmt.Fprintf(b, "  %s: %s, %s for %v", what, t.Title(), t.State, round(t.Age))
		if t.Held != "" {
			fmt.Fprintf(b, ", waits for %s", t.Held)
		}
		b.WriteString("\n")
		writeStack(b, t.Stack)
	}
}

// writeStack indents a stack under its task.
func writeStack(b *bytes.Buffer, stack string) {
	for line := range strings.Lines(stack) {
		fmt.Fprintf(b, "      %s\n", strings.TrimRight(line, "\n"))
	}
}

// holders returns the words for those who have the lock.
func (l *Lock) holders() string { return cmp.Or(strings.Join(l.Holders, ", "), "nobody") }

// running returns the words for the call that a worker runs.
func (w Worker) running() string {
	if w.Running == "" {
		return "idle"
	}
	return fmt.Sprintf("runs %s for %v", w.Running, w.RunsFor.Round(time.Millisecond))
}

// rateText returns a number of tasks per second, without an exponent. Three digits are enough for a
// rate, and "0.5" must not become "0".
func rateText(perSecond float64) string {
	if perSecond >= 100 {
		return fmt.Sprintf("%.0f", perSecond)
	}
	return fmt.Sprintf("%.3g", perSecond)
}

// bytesText returns a size in words; 0 is not known.
func bytesText(n uint64) string {
	switch {
	case n == 0:
		return "memory not known"
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
