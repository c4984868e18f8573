package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one model under one workload.
type row struct {
	model       model
	sample      sample
	wall, ideal time.Duration
	broken      string // how it breaks the workload's rule; empty: it does not
}

// table is one workload; its first row is inline.
type table struct {
	name  string
	title string
	rows  []row
	bar   func(row) time.Duration
	barOf string
}

const barWidth = 20

// write prints the table with the columns that all workloads share.
func (t table) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n\n", t.title)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "model\tlike\twall\t× inline\tideal\treached\tp50\tp99\tmax\tin flight/running\tcores\tlost\t%s\n", t.barOf)
	most := time.Duration(1)
	for _, r := range t.rows {
		most = max(most, t.bar(r))
	}
	for _, r := range t.rows {
		t.writeRow(tw, r, most)
	}
	_ = tw.Flush()
	for _, r := range t.rows {
		if r.broken != "" {
			fmt.Fprintf(w, "! %s breaks the rule: %s\n", r.model.name, r.broken)
		}
		if r.sample.extrapolated {
			fmt.Fprintf(w, "~ %s is extrapolated from %d\n", r.model.name, maxMeasured)
		}
	}
}

func (t table) writeRow(w io.Writer, r row, most time.Duration) {
	s, name := r.sample, r.model.name
	if r.broken != "" {
		name += " !"
	}
	if s.extrapolated {
		name += " ~"
	}
	fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%v\t%.0f %%\t%v\t%v\t%v\t%d/%s\t%.2f\t%d\t%s\n",
		name, r.model.like, short(r.wall), ratio(t.rows[0].wall, r.wall), short(r.ideal), share(r.ideal, r.wall),
		short(percentile(s.latencies, 50)), short(percentile(s.latencies, 99)), short(percentile(s.latencies, 100)),
		s.inFlight, known(s.running), cpuShare(s), s.sent-s.answered, bar(t.bar(r), most))
}

// known prints a count, which of other processes is not known.
func known(n int64) string {
	if n == 0 {
		return "?"
	}
	return fmt.Sprint(n)
}

func ratio(a, b time.Duration) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// share is how much of the ideal a wall time reaches, in percent.
func share(ideal, wall time.Duration) float64 {
	if wall == 0 {
		return 0
	}
	return 100 * float64(ideal) / float64(wall)
}

func cpuShare(s sample) float64 {
	if s.wall == 0 {
		return 0
	}
	return float64(s.cpu) / float64(s.wall)
}

func bar(d, most time.Duration) string {
	return strings.Repeat("█", int((d*barWidth+most-1)/most))
}

// short prints a duration with three digits that mean something.
func short(d time.Duration) time.Duration {
	for unit := time.Nanosecond; unit <= time.Second; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
	return d.Round(time.Second)
}
