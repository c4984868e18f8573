package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// cdf is the picture of a table's latencies.
type cdf struct {
	canvas
	x      logScale
	top    tenth
	deep   tenth // of the plot
	labels []box
	curves []curve
}

type curve struct {
	row    result.Row
	points []point
}

type point struct{ x, y tenth }

// Latencies draws how many of a table's requests were answered within what time: a line for each row, on a logarithmic axis.
func Latencies(t result.Table, width int) string {
	c := cdf{canvas: canvas{width: px(width), height: px(340)}, top: px(40), deep: px(240)}
	c.open(t.Name+": share of requests answered within a time", t.Title, models(t))
	var all []uint64
	for _, r := range t.Rows {
		for _, p := range r.Latencies {
			all = append(all, uint64(p.Latency))
		}
	}
	from, to := decadesAround(all)
	c.x = logScale{from, to, px(52), px(width - 52 - 24)}
	c.axes(t.Rule)
	for _, r := range t.Rows {
		if len(r.Latencies) > 0 {
			c.curves = append(c.curves, curve{r, c.points(r.Latencies)})
		}
	}
	for _, k := range c.curves {
		c.draw(k)
	}
	// Names are placed from the left, each as high as there is room.
	slices.SortStableFunc(c.curves, func(a, b curve) int { return cmp.Compare(a.row.P50, b.row.P50) })
	for _, k := range c.curves {
		c.label(k)
	}
	return c.close()
}

func (c *cdf) axes(rule string) {
	for share := range 5 {
		y := c.y(float64(share) / 4)
		c.printf(`<path class="grid" d="M%v %vh%v"/>`, c.x.at, y, c.x.span)
		c.text(textAt{x: c.x.at - px(6), y: y + px(4), anchor: "end", class: "dim"}, fmt.Sprintf("%d %%", 25*share))
	}
	bottom := c.top + c.deep
	for _, d := range c.x.decades() {
		c.printf(`<path class="grid" d="M%v %vv%v"/>`, c.x.of(d), c.top, c.deep)
		c.text(textAt{x: c.x.of(d), y: bottom + px(18), anchor: "middle", class: "dim"}, unit(time.Duration(d)))
	}
	c.text(textAt{x: c.x.at + c.x.span, y: bottom + px(40), anchor: "end", class: "dim"}, "latency, logarithmic; rule: "+rule)
}

func (c *cdf) y(share float64) tenth { return c.top + c.deep - tenth(share*float64(c.deep)) }

// points are the corners of the steps, those left out that would fall on the one before.
func (c *cdf) points(ps []result.Point) []point {
	at := []point{{c.x.of(uint64(ps[0].Latency)), c.y(0)}}
	for _, p := range ps {
		next := point{c.x.of(uint64(p.Latency)), c.y(p.Share)}
		if last := at[len(at)-1]; next != last {
			at = append(at, next)
		}
	}
	return at
}

func (c *cdf) draw(k curve) {
	var d strings.Builder
	for i, p := range k.points {
		fmt.Fprintf(&d, "%s%v %v", verb(i), p.x, p.y)
	}
	c.line(k.row.Model, d.String())
}

// label writes a curve's name beside it, where it meets no other curve, or else no other name.
func (c *cdf) label(k curve) {
	wide := textWidth(k.row.Name)
	for _, strict := range []bool{true, false} {
		for percent := 92; percent > 4; percent -= 4 {
			at := k.at(c.y(float64(percent) / 100))
			for _, right := range []bool{true, false} {
				b := box{at.x + px(8), at.y - textHeight/2, at.x + px(8) + wide, at.y + textHeight/2}
				if !right {
					b.left, b.right = at.x-px(8)-wide, at.x-px(8)
				}
				if c.free(b, strict) {
					c.labels = append(c.labels, b)
					c.text(textAt{x: b.left, y: b.bottom - px(3), class: "halo", model: k.row.Model}, k.row.Name)
					return
				}
			}
		}
	}
}

// at is where the curve passes a height.
func (k curve) at(y tenth) point {
	for i, p := range k.points {
		if p.y <= y && i > 0 {
			before := k.points[i-1]
			if before.y == p.y {
				return point{p.x, y}
			}
			return point{before.x + (p.x-before.x)*(before.y-y)/(before.y-p.y), y}
		}
	}
	return k.points[len(k.points)-1]
}

func (c *cdf) free(b box, strict bool) bool {
	if b.left < c.x.at || b.right > c.x.at+c.x.span {
		return false
	}
	if slices.ContainsFunc(c.labels, b.meets) {
		return false
	}
	if strict {
		for _, k := range c.curves {
			if k.crosses(b) {
				return false
			}
		}
	}
	return true
}

// crosses looks at the curve at the box's top and bottom, which is enough for a line that only rises.
func (k curve) crosses(b box) bool {
	top, bottom := k.at(b.top), k.at(b.bottom)
	return top.x > b.left-px(2) && bottom.x < b.right+px(2)
}
