package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// graph is a picture of lines over two logarithmic axes, with a name at the end of each: beside the plot, where nothing
// crosses it.
type graph struct {
	canvas
	x, y logScale
	ends []end
}

// end is where a line ends that has a name.
type end struct {
	name, model string
	y           tenth
}

// tick is a labelled place on an axis.
type tick struct {
	at    uint64
	label string
}

const (
	graphHigh = 360
	graphTop  = 52
	graphLeft = 60
)

// threads lead from the lines' ends to their names, over this width.
const threads tenth = 180

// newGraph begins the picture of a table's rows between the ends of x and of y.
func newGraph(title string, t result.Table, width int, fromX, toX, fromY, toY uint64, names ...string) *graph {
	g := &graph{canvas: canvas{width: px(width), height: px(graphHigh)}}
	g.open(title, t.Title, models(t))
	for _, r := range t.Rows {
		names = append(names, r.Name)
	}
	right := threads + margin
	for _, name := range names {
		right = max(right, threads+margin+textWidth(name))
	}
	g.x = logScale{fromX, toX, px(graphLeft), g.width - px(graphLeft) - right}
	g.y = logScale{fromY, toY, px(graphTop), px(graphHigh - graphTop - 54)}
	return g
}

func (g *graph) bottom() tenth { return g.y.at + g.y.span }

func (g *graph) at(x, y uint64) point { return point{g.x.of(x), g.y.at + g.bottom() - g.y.of(y)} }

// axes draws the grid, its labels where they have room, and what the axes are.
func (g *graph) axes(up, right string, xs, ys []tick) {
	for _, t := range ys {
		y := g.at(g.x.from, t.at).y
		g.printf(`<path class="grid" d="M%v %vh%v"/>`, g.x.at, y, g.x.span)
		g.text(textAt{x: g.x.at - px(6), y: y + px(4), anchor: "end", class: "dim"}, t.label)
	}
	free := g.width // left of it
	for _, t := range slices.Backward(xs) {
		x, half := g.x.of(t.at), textWidth(t.label)/2
		g.printf(`<path class="grid" d="M%v %vv%v"/>`, x, g.y.at, g.y.span)
		if x+half < free {
			g.text(textAt{x: x, y: g.bottom() + px(18), anchor: "middle", class: "dim"}, t.label)
			free = x - half
		}
	}
	g.axisNames(up, right, g.bottom())
}

// point is a place in a picture.
type point struct{ x, y tenth }

// path goes through points, without those that fall on the one before.
func path(points []point) string {
	var d strings.Builder
	for i, p := range slices.Compact(points) {
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		fmt.Fprintf(&d, "%s%v %v", verb, p.x, p.y)
	}
	return d.String()
}

// row draws a row's line.
func (g *graph) row(r result.Row, points []point) {
	g.line(r.Model, path(points))
	g.ends = append(g.ends, end{r.Name, r.Model, points[len(points)-1].y})
}

// close writes the lines' names, apart from one another, with a thread from each to its line.
func (g *graph) close() string {
	slices.SortStableFunc(g.ends, func(a, b end) int { return cmp.Compare(a.y, b.y) })
	x, ys := g.x.at+g.x.span, apart(g.ends, g.y.at, g.bottom())
	for i, e := range g.ends {
		class, style, at := "thread", ink(e.model), textAt{x: x + threads, y: ys[i] + px(4), model: e.model}
		if e.model == "" {
			class, style, at.class = "grid", "", "dim"
		}
		g.printf(`<path class="%s" style="%s" d="M%v %vL%v %v"/>`, class, style, x+px(2), e.y, at.x-px(4), ys[i])
		g.text(at, e.name)
	}
	return g.canvas.close()
}

// apart moves the ends, which are sorted, as little as lets each have a line of text between top and bottom: those that
// push one another stand around their middle.
func apart(ends []end, top, bottom tenth) []tenth {
	type pile struct{ sum, n tenth } // of places less the lines above them
	var piles []pile
	for i, e := range ends {
		p := pile{e.y - tenth(i)*textHeight, 1}
		for len(piles) > 0 && piles[len(piles)-1].sum*p.n >= p.sum*piles[len(piles)-1].n {
			p.sum, p.n = p.sum+piles[len(piles)-1].sum, p.n+piles[len(piles)-1].n
			piles = piles[:len(piles)-1]
		}
		piles = append(piles, p)
	}
	var ys []tenth
	for _, p := range piles {
		for range p.n {
			i := tenth(len(ys))
			below := tenth(len(ends)-1) - i
			ys = append(ys, max(top+i*textHeight, min(p.sum/p.n+i*textHeight, bottom-below*textHeight)))
		}
	}
	return ys
}
