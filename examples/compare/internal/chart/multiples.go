package chart

import (
	"fmt"
	"html"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Sizes of a small picture, in pixels.
const (
	smallHigh = 108
	smallPlot = 52
	smallTop  = 24 // below its heading
	smallGap  = 24
)

// Multiples draws a small picture for each row of a table: how much of the ideal it reaches at each
// step, from 0 to 100 %, with the rule as a line.
func Multiples(t result.Table, width int, heading string) string {
	wide, most := px(150), px(width)-2*margin
	for _, r := range t.Rows {
		wide = max(wide, textWidth(r.Name+"  100 %")+px(smallGap))
	}
	columns := max(1, int(most/wide))
	lines := wrapped(multiplesKey(t), most)
	top := rowsTop - 16 + 16*len(lines)
	c := &canvas{width: px(width), height: px(top + smallHigh*((len(t.Rows)+columns-1)/columns) + 8)}
	c.open(heading, t.Finding(), t.Title, models(t))
	for i, line := range lines {
		c.text(textAt{x: margin, y: px(38 + 16*i), class: "dim"}, line)
	}
	for i, r := range t.Rows {
		c.small(t, r, margin+most/tenth(columns)*tenth(i%columns), px(top+smallHigh*(i/columns)),
			most/tenth(columns)-px(smallGap))
	}
	return c.close()
}

// multiplesKey explains the lines.
func multiplesKey(t result.Table) string {
	key := "Each picture: how much of the ideal is reached, from 0 to 100 %, by " + t.Steps + "."
	if t.Limit > 0 && len(t.Rows) > 0 {
		key += fmt.Sprintf(" The line is the rule: %d %%.", percent(t.Rows[0].Ideal, t.Limit))
	}
	return key
}

// small draws one row.
func (c *canvas) small(t result.Table, r result.Row, x, y, wide tenth) {
	plot := y + px(smallTop)
	at := func(i int, percent int64) point {
		return point{x + wide*tenth(i)/tenth(max(1, len(r.Levels)-1)), plot +
			px(smallPlot)*tenth(100-min(100, percent))/100}
	}
	for _, share := range []int64{0, 100} {
		c.printf(`<path class="grid" d="M%v %vh%v"/>`, x, at(0, share).y, wide)
	}
	if t.Limit > 0 {
		c.printf(`<path class="rule" d="M%v %vh%v"/>`, x, at(0, percent(r.Ideal, t.Limit)).y, wide)
	}
	var points []point
	last, free := "-", tenth(0)
	for i, l := range r.Levels {
		last = result.Share(r.Ideal, l.Wall)
		points = append(points, at(i, percent(r.Ideal, l.Wall)))
		label, end := textAt{x: points[i].x, y: plot + px(smallPlot+16), anchor: "middle", class: "dim"},
			textWidth(l.Label)/2
		switch {
		case i == 0:
			label.anchor, end = "start", textWidth(l.Label)
		case i == len(r.Levels)-1:
			label.anchor, end = "end", 0
			if label.x-textWidth(l.Label) < free {
				continue
			}
		case label.x-end < free:
			continue
		}
		c.text(label, l.Label)
		free = label.x + end + px(4)
	}
	c.text(textAt{x: x, y: y + px(14), class: "head"}, r.Name)
	c.text(textAt{x: x + wide, y: y + px(14), anchor: "end"}, last)
	c.printf(`<path class="line" style="%s" d="%s"><title>%s</title></path>`, ink(r.Model), path(points),
		html.EscapeString(r.Name))
}

// percent is how much of an ideal a time reaches.
func percent(ideal, took time.Duration) int64 {
	if took <= 0 {
		return 0
	}
	return (100*int64(ideal) + int64(took)/2) / int64(took)
}
