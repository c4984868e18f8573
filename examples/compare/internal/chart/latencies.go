package chart

import (
	"slices"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Latencies draws the cumulative distribution of a table's latencies: within what time, on a logarithmic axis, which share
// of the requests was answered. It lies on its side, from 10 to 99 %, so that lines end apart, where their names stand;
// the nearer a share is to all, the more room it has.
func Latencies(t result.Table, width int) string {
	var all []uint64
	for _, r := range t.Rows {
		for _, p := range shown(r.Latencies) {
			all = append(all, uint64(p.Latency))
		}
	}
	from, to := roundAround(all)
	g := newGraph(t.Name+": cumulative distribution of latencies", t, width, odds(least), odds(most), from, to)
	var xs, ys []tick
	for _, s := range []struct {
		share float64
		label string
	}{{least, "10 %"}, {.5, "50 %"}, {.9, "90 %"}, {most, "99 %"}} {
		xs = append(xs, tick{odds(s.share), s.label})
	}
	for _, d := range g.y.ticks() {
		ys = append(ys, tick{d, unit(time.Duration(d))})
	}
	g.axes("answered within, log scale", "share of requests", xs, ys)
	for _, r := range t.Rows {
		var points []point
		for _, p := range shown(r.Latencies) {
			points = append(points, g.at(odds(p.Share), uint64(p.Latency)))
		}
		if len(points) > 0 {
			g.row(r, points)
		}
	}
	return g.close()
}

// The shares that are shown.
const least, most = .1, .99

// shown are the steps of a distribution for these shares.
func shown(ps []result.Point) []result.Point {
	from := slices.IndexFunc(ps, func(p result.Point) bool { return p.Share >= least })
	to := slices.IndexFunc(ps, func(p result.Point) bool { return p.Share >= most })
	if to < 0 {
		return nil
	}
	return ps[from : to+1]
}

// odds put shares on a logarithmic scale: how many requests there are, in millionths, to one that is slower.
func odds(share float64) uint64 { return uint64(1e6 / (1 - min(share, most))) }
