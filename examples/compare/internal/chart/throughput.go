package chart

import (
	"fmt"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Throughput draws a table's requests per second against its steps, both logarithmic, with what there can be at most: the
// ideal.
func Throughput(t result.Table, width int) string {
	title := t.Name + ": throughput, by requests " + t.Steps
	if len(t.Rows) == 0 || len(t.Rows[0].Levels) == 0 {
		return newGraph(title, t, width, 1, 10, 1, 10).close()
	}
	steps := t.Rows[0].Levels
	last := steps[len(steps)-1]
	best := func(l result.Level) uint64 { return uint64(float64(l.N) / t.Rows[0].Ideal.Seconds()) }
	rates := []uint64{best(last)}
	for _, r := range t.Rows {
		for _, l := range r.Levels {
			rates = append(rates, uint64(l.PerSecond()))
		}
	}
	from, to := roundAround(rates)
	g := newGraph(title, t, width, uint64(max(1, steps[0].At)), uint64(last.At), from, to, ideal)
	var xs, ys []tick
	for _, l := range steps {
		xs = append(xs, tick{uint64(l.At), l.Label})
	}
	for _, d := range g.y.ticks() {
		ys = append(ys, tick{d, thousands(d)})
	}
	g.axes("requests per second, log scale", "requests "+t.Steps+", log scale", xs, ys)
	top := g.levels(steps, best)
	g.printf(`<path class="ideal" d="%s"/>`, path(top))
	g.ends = append(g.ends, end{name: ideal, y: top[len(top)-1].y})
	for _, r := range t.Rows {
		g.row(r, g.levels(r.Levels, func(l result.Level) uint64 { return uint64(l.PerSecond()) }))
	}
	return g.close()
}

// ideal is the name of the line that no row can pass.
const ideal = "ideal"

func (g *graph) levels(levels []result.Level, rate func(result.Level) uint64) (points []point) {
	for _, l := range levels {
		points = append(points, g.at(uint64(l.At), rate(l)))
	}
	return points
}

// thousands writes 1,000,000 as 1 M and 10,000 as 10 k.
func thousands(n uint64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%d M", n/1_000_000)
	case n >= 1000:
		return fmt.Sprintf("%d k", n/1000)
	}
	return fmt.Sprint(n)
}
