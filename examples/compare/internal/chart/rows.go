package chart

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Sizes of a picture with a line for each row, in pixels.
const (
	rowPitch  = 26
	rowsTop   = 56
	rowsRight = 64 // for a figure at the end of the row
	rowsBelow = 54 // for the axis
)

// rows is a picture with a line for each row of a table: its name, its drawing, and a figure.
type rows struct {
	canvas
	left tenth // of what is drawn
}

func newRows(t result.Table, width int, heading string) *rows {
	r := &rows{canvas: canvas{width: px(width), height: px(rowsTop + rowPitch*len(t.Rows) + rowsBelow)}}
	r.open(heading, t.Finding(), t.Title, models(t))
	for _, row := range t.Rows {
		r.left = max(r.left, 2*margin+textWidth(row.Name))
	}
	return r
}

func (r *rows) right() tenth { return r.width - px(rowsRight) }

func (r *rows) bottom() tenth { return r.height - px(rowsBelow) }

// top is where the i-th row begins.
func (r *rows) top(i int) tenth { return px(rowsTop + rowPitch*i) }

// frame writes the name of each row, and its figure at the end.
func (r *rows) frame(t result.Table, figure func(result.Row) string) {
	for i, row := range t.Rows {
		y := r.top(i) + px(13)
		r.text(textAt{x: r.left - px(8), y: y, anchor: "end"}, row.Name)
		r.text(textAt{x: r.width - margin, y: y, anchor: "end"}, figure(row))
	}
}

// grid draws a vertical line at x with a label below.
func (r *rows) grid(x tenth, label string) {
	r.printf(`<path class="grid" d="M%v %vV%v"/>`, x, px(rowsTop-8), r.bottom())
	r.text(textAt{x: x, y: r.bottom() + px(16), anchor: "middle", class: "dim"}, label)
}

// limit draws a line that is judged by: the rule, or the ideal. Its name is to the left of it where
// there is no room to the right, up to there.
func (r *rows) limit(class string, x, upTo tenth, name string) {
	at := textAt{x: x + px(4), y: px(rowsTop - 14)}
	if at.x+textWidth(name) > upTo {
		at.x, at.anchor = x-px(4), "end"
	}
	r.printf(`<path class="%s" d="M%v %vV%v"/>`, class, x, px(rowsTop-24), r.bottom())
	r.text(at, name)
}

// bar is a thick piece of the row's line, or a thin one.
func (r *rows) bar(row result.Row, top, from, to tenth, high int, says string) {
	r.printf(`<path style="%s;stroke-width:%d" d="M%v %vH%v"><title>%s</title></path>`,
		ink(row.Model), high, from, top+px(9), max(from+1, to), html.EscapeString(row.Name+": "+says))
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
