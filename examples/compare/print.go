package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

const (
	lineWidth = 100 // columns: what a projector shows
	barWidth  = 20
)

// printTable prints a table with the columns that all workloads share: two lines for a row, its
// figures, and a bar with what the row is like.
func printTable(w io.Writer, t result.Table) {
	title := fmt.Sprintf("%s: %s", t.Name, t.Title)
	if t.Rule != "" {
		title += "; rule: " + t.Rule
	}
	fmt.Fprintf(w, "\n%s\n\n", wrapped("", title))
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 1, ' ', 0)
	fmt.Fprint(tw, "model\twall\t× "+base(t)+"\tideal\tgot\tp50\tp99\tmax\tin flight/run\tcores\tlost\n")
	most := time.Duration(1)
	for _, r := range t.Rows {
		most = max(most, r.Of(t.BarOf))
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n",
			marked(r), result.Short(r.Wall), result.Ratio(t.Rows[0].Wall, r.Wall), result.Measured(r.Ideal),
			result.Share(r.Ideal, r.Wall), result.Measured(r.P50), result.Measured(r.P99),
			result.Measured(r.Max), atOnce(r), result.Cores(r.Cores), r.Lost)
	}
	_ = tw.Flush()
	for i, line := range strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n") {
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		if i == 0 {
			fmt.Fprintf(w, "  %-*s like\n", barWidth, t.BarOf)
			continue
		}
		mark := fmt.Sprintf("  %-*s ", barWidth, bar(t.Rows[i-1].Of(t.BarOf), most))
		fmt.Fprintln(w, wrapped(mark, about(t.Rows[i-1])))
	}
	printRemarks(w, t)
	printSteps(w, t)
	printWorkers(w, t)
	for _, remark := range t.Remarks {
		fmt.Fprintln(w, wrapped("  ", remark))
	}
}

// base is the name of the row that others are compared with.
func base(t result.Table) string {
	if len(t.Rows) == 0 {
		return ""
	}
	return t.Rows[0].Name
}

// about is the model that a row is like, its kind, and how it compares with a real row.
func about(r result.Row) string {
	text := r.Like
	if r.Kind != "" && r.Kind != result.Modelled { // where one row is modelled, all are
		text = string(r.Kind) + ": " + text
	}
	if len(r.Against) > 0 {
		text += "; against " + r.Comparison()
	}
	return text
}

// printRemarks explains the marks of the rows.
func printRemarks(w io.Writer, t result.Table) {
	for _, r := range t.Rows {
		if r.Broken != "" {
			fmt.Fprintln(w, wrapped("! ", r.Name+" breaks the rule: "+r.Broken))
		}
	}
	for _, r := range t.Rows {
		if r.From > 0 {
			fmt.Fprintf(w, "~ %s is extrapolated from %d\n", r.Name, r.From)
		}
	}
	if t.Noisy() {
		fmt.Fprintln(w, "? other programs used the machine meanwhile: these rows judge nothing")
	}
	for _, r := range t.Rows {
		if r.Above != "" {
			fmt.Fprintln(w, wrapped("+ ", r.Name+" is faster than its ideal: "+r.Above))
		}
	}
}

// wrapped breaks a text into lines of lineWidth. The first begins with mark, the others are
// indented by as much.
func wrapped(mark, text string) string {
	var b strings.Builder
	indent, column := strings.Repeat(" ", utf8.RuneCountInString(mark)), 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			b.WriteString(mark)
			column = len(indent)
		case column+1+n > lineWidth:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// atOnce prints what a workload has no figure for as -.
func atOnce(r result.Row) string {
	switch {
	case r.InFlight == 0:
		return "-"
	case r.Running == result.Unknown:
		return fmt.Sprintf("%d/-", r.InFlight) // other processes know
	}
	return fmt.Sprintf("%d/%d", r.InFlight, r.Running)
}

// marked is a row's name with ! when it breaks the rule, ~ when it is extrapolated, ? when other
// programs used the machine,
// + when it is faster than its ideal.
func marked(r result.Row) string {
	var marks strings.Builder
	for _, m := range []struct {
		is   bool
		mark string
	}{{r.Broken != "", "!"}, {r.From > 0, "~"}, {r.Noisy, "?"}, {r.Above != "", "+"}} {
		if m.is {
			marks.WriteString(m.mark)
		}
	}
	if marks.Len() == 0 {
		return r.Name
	}
	return r.Name + " " + marks.String()
}

// printSteps prints the figures of each row over the steps of its table, if there are several.
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
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t\n", marked(r), result.Short(r.Worker.Start), r.Worker.KiB(), r.Worker.Even())
	}
	_ = tw.Flush()
}

func bar(d, most time.Duration) string {
	return strings.Repeat("█", int((d*barWidth+most-1)/most))
}

// printVerdicts prints those on claims that were measured, then names the others.
func printVerdicts(w io.Writer, vs []verdict.Verdict) {
	fmt.Fprint(w, "\n"+wrapped("", "verdicts, from the figures above. A figure here is the median of the rounds' figures; "+
		"the tables have percentiles of all rounds together. A ratio is the median of the rounds' ratios, so the two "+
		"figures divided may give another value.")+"\n\n")
	for _, v := range vs {
		if v.Outcome != verdict.Unmeasured {
			fmt.Fprintln(w, wrapped(fmt.Sprintf("%-14s ", v.Outcome), v.Claim))
			fmt.Fprintln(w, wrapped("               ", v.Evidence))
		}
	}
	for _, why := range verdict.Whys {
		heading := "\n" + wrapped("", string(why)) + "\n"
		for _, v := range vs {
			if v.Outcome != verdict.Unmeasured || v.Why != why {
				continue
			}
			text := v.Claim
			if v.Evidence != "" {
				text += " (" + v.Evidence + ")"
			}
			fmt.Fprintf(w, "%s%s\n", heading, wrapped("  ", text))
			heading = ""
		}
	}
}
