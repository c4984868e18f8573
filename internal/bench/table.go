package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// write prints medians with their spread, and our median relative to each peer's.
func (r result) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s (%d operations)\n", r.name, r.n)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "contender\tns/op\tmin\tmax\tours/theirs\t")
	ours := median(r.times[0])
	for i, c := range r.contenders {
		ts := r.times[i]
		per := func(d time.Duration) float64 { return float64(d) / float64(r.n) }
		fmt.Fprintf(tw, "%s\t%.1f\t%.1f\t%.1f\t%.2f\t\n", c.name, per(median(ts)), per(ts[0]), per(ts[len(ts)-1]), float64(ours)/float64(median(ts)))
	}
	_ = tw.Flush()
}

func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }
