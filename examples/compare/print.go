package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

const barWidth = 20

// printTable prints a table with the columns that all workloads share.
func printTable(w io.Writer, t result.Table) {
	fmt.Fprintf(w, "\n%s: %s", t.Name, t.Title)
	if t.Rule != "" {
		fmt.Fprintf(w, "; rule: %s", t.Rule)
	}
	fmt.Fprint(w, "\n\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "model\tlike\twall\t× inline\tideal\treached\tp50\tp99\tmax\tin flight/running\tcores\tlost\t%s%s\n", t.BarOf, lastColumn(t, againstReal))
	most := time.Duration(1)
	for _, r := range t.Rows {
		most = max(most, r.Of(t.BarOf))
	}
	for _, r := range t.Rows {
		printRow(tw, t, r, most)
	}
	_ = tw.Flush()
	for _, r := range t.Rows {
		if r.Broken != "" {
			fmt.Fprintf(w, "! %s breaks the rule: %s\n", r.Name, r.Broken)
		}
	}
	for _, r := range t.Rows {
		if r.From > 0 {
			fmt.Fprintf(w, "~ %s is extrapolated from %d\n", r.Name, r.From)
		}
	}
	printSteps(w, t)
	printWorkers(w, t)
	for _, remark := range t.Remarks {
		fmt.Fprintf(w, "  %s\n", remark)
	}
}

func printRow(w io.Writer, t result.Table, r result.Row, most time.Duration) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s%s\n",
		marked(r), r.Like, result.Short(r.Wall), result.Ratio(t.Rows[0].Wall, r.Wall), result.Measured(r.Ideal), reached(r),
		result.Measured(r.P50), result.Measured(r.P99), result.Measured(r.Max), atOnce(r), result.Cores(r.Cores), r.Lost, bar(r.Of(t.BarOf), most), lastColumn(t, r.Comparison()))
}

// againstReal heads the column that is there when real rows are.
const againstReal = "sim against real"

func lastColumn(t result.Table, text string) string {
	if !t.Compared() {
		return ""
	}
	return "\t" + text
}

// atOnce prints what a workload has no figure for as -.
func atOnce(r result.Row) string {
	switch {
	case r.InFlight == 0:
		return "-"
	case r.Running == 0:
		return fmt.Sprintf("%d/?", r.InFlight) // other processes know
	}
	return fmt.Sprintf("%d/%d", r.InFlight, r.Running)
}

// marked is a row's name with what kind it is, and with ! when it breaks the rule, ~ when it is extrapolated.
func marked(r result.Row) string {
	name := r.Name
	if r.Kind != "" && r.Kind != result.Modelled { // where one row is modelled, all are
		name += " (" + string(r.Kind) + ")"
	}
	if r.Broken != "" {
		name += " !"
	}
	if r.From > 0 {
		name += " ~"
	}
	return name
}

// printSteps prints what becomes of each row over the steps of its table, where there are several.
func printSteps(w io.Writer, t result.Table) {
	if len(t.Rows) == 0 || len(t.Rows[0].Levels) < 2 {
		return
	}
	first := t.Rows[0].Levels
	fmt.Fprintf(w, "\n  %s, by %s\n", t.StepOf, t.Steps)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, l := range first {
		fmt.Fprintf(tw, "\t%s", l.Label)
	}
	fmt.Fprint(tw, "\t\n")
	for _, r := range t.Rows {
		fmt.Fprint(tw, r.Name)
		for i, l := range r.Levels {
			fmt.Fprintf(tw, "\t%s", l.Figure(t.StepOf, first[min(i, len(first)-1)]))
		}
		fmt.Fprint(tw, "\t\n")
	}
	_ = tw.Flush()
}

// printWorkers prints what a worker of each row costs, where that is known.
func printWorkers(w io.Writer, t result.Table) {
	if len(t.Rows) == 0 || t.Rows[0].Worker == nil {
		return
	}
	fmt.Fprint(w, "\n  a worker, and from what length on tasks gain from several\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "\tstart\tmemory\tbreak-even\t\n")
	for _, r := range t.Rows {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t\n", r.Name, result.Short(r.Worker.Start), r.Worker.KiB(), r.Worker.Even())
	}
	_ = tw.Flush()
}

// reached is how much of the ideal a row reaches.
func reached(r result.Row) string {
	if r.Wall == 0 || r.Ideal == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(r.Ideal)/float64(r.Wall))
}

func bar(d, most time.Duration) string {
	return strings.Repeat("█", int((d*barWidth+most-1)/most))
}

// printVerdicts prints those on claims that were measured, then names the others.
func printVerdicts(w io.Writer, vs []verdict.Verdict) {
	fmt.Fprint(w, "\nverdicts, from the figures above\n\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range vs {
		if v.Outcome != verdict.Unmeasured {
			fmt.Fprintf(tw, "%s\t%s\t%s\n", v.Outcome, v.Claim, v.Evidence)
		}
	}
	_ = tw.Flush()
	for _, why := range []verdict.Why{verdict.NotRun, verdict.NoWorkload} {
		heading := "\n" + string(why) + "\n"
		for _, v := range vs {
			if v.Outcome == verdict.Unmeasured && v.Why == why {
				fmt.Fprintf(w, "%s  %s\n", heading, v.Claim)
				heading = ""
			}
		}
	}
}
