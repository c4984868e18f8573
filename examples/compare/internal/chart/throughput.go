package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Throughput draws a table's requests per second against its steps, both logarithmic, with what there can be at most: the
// ideal, dashed.
func Throughput(t result.Table, width int) string {
	c := canvas{width: px(width), height: px(360)}
	c.open(t.Name+": requests per second, by "+t.Steps, t.Title, models(t))
	if len(t.Rows) == 0 || len(t.Rows[0].Levels) == 0 {
		return c.close()
	}
	steps := t.Rows[0].Levels
	ideal := func(l result.Level) uint64 { return uint64(float64(l.N) / t.Rows[0].Ideal.Seconds()) }
	rates := []uint64{ideal(steps[len(steps)-1])}
	for _, r := range t.Rows {
		for _, l := range r.Levels {
			rates = append(rates, uint64(l.PerSecond()))
		}
	}
	lo, hi := decadesAround(rates)
	x := logScale{uint64(max(1, steps[0].At)), uint64(steps[len(steps)-1].At), px(64), px(width - 64 - 140)}
	y := logScale{lo, hi, px(40), px(250)}
	at := func(l result.Level, rate uint64) (tenth, tenth) {
		return x.of(uint64(l.At)), 2*y.at + y.span - y.of(rate)
	}
	for _, d := range y.decades() {
		_, h := at(steps[0], d)
		c.printf(`<path class="grid" d="M%v %vh%v"/>`, x.at, h, x.span)
		c.text(textAt{x: x.at - px(6), y: h + px(4), anchor: "end", class: "dim"}, thousands(d))
	}
	for _, l := range steps {
		w, _ := at(l, lo)
		c.printf(`<path class="grid" d="M%v %vv%v"/>`, w, y.at, y.span)
		c.text(textAt{x: w, y: y.at + y.span + px(18), anchor: "middle", class: "dim"}, l.Label)
	}
	c.text(textAt{x: x.at + x.span, y: y.at + y.span + px(40), anchor: "end", class: "dim"}, t.Steps+", logarithmic")
	line := func(levels []result.Level, rate func(result.Level) uint64) string {
		var d strings.Builder
		for i, l := range levels {
			w, h := at(l, rate(l))
			fmt.Fprintf(&d, "%s%v %v", verb(i), w, h)
		}
		return d.String()
	}
	c.printf(`<path class="ideal" d="%s"/>`, line(steps, ideal))
	_, top := at(steps[len(steps)-1], ideal(steps[len(steps)-1]))
	ends := []end{{"ideal", "", top}}
	for _, r := range t.Rows {
		measured := func(l result.Level) uint64 { return uint64(l.PerSecond()) }
		c.line(r.Model, line(r.Levels, measured))
		last := r.Levels[len(r.Levels)-1]
		_, h := at(last, measured(last))
		ends = append(ends, end{r.Name, r.Model, h})
	}
	c.names(ends, x.at+x.span, y.at+y.span)
	return c.close()
}

func verb(i int) string {
	if i == 0 {
		return "M"
	}
	return "L"
}

// end is where a line ends that has a name.
type end struct {
	name, model string
	y           tenth
}

// names writes the lines' names right of their ends, apart from one another, with a thread from each to its line.
func (c *canvas) names(ends []end, x, bottom tenth) {
	slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.y, b.y) })
	room := tenth(0) // above is taken
	for i, e := range ends {
		y := max(e.y, room)
		y = min(y, bottom-tenth(len(ends)-1-i)*textHeight)
		room = y + textHeight
		c.printf(`<path class="grid" d="M%v %vL%v %v"/>`, x+px(2), e.y, x+px(14), y)
		at := textAt{x: x + px(18), y: y + px(4), model: e.model}
		if e.model == "" {
			at.class = "dim"
		}
		c.text(at, e.name)
	}
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
