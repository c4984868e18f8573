package chart

import (
	"fmt"
	"html"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/palette"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// SpeedUp draws how many times as fast as inline each row of a table was: a bar for it, and the ideal as a line.
func SpeedUp(t result.Table, width int) string {
	const pitch, left, right = 26, 150, 60
	c := canvas{width: px(width), height: px(40 + pitch*len(t.Rows) + 44)}
	c.open(t.Name+": how many times as fast as inline", t.Title, models(t))
	if len(t.Rows) == 0 {
		return c.close()
	}
	inline := t.Rows[0].Wall
	most := int64(110)
	for _, r := range t.Rows {
		most = max(most, hundredths(inline, r.Ideal), hundredths(inline, r.Wall))
	}
	at := func(n int64) tenth { return px(left) + tenth(int64(px(width-left-right))*n/most) }
	bottom := px(40 + pitch*len(t.Rows))
	for n := int64(0); n <= most; n += 100 {
		c.printf(`<path class="grid" d="M%v %vV%v"/>`, at(n), px(36), bottom)
		c.text(textAt{x: at(n), y: bottom + px(16), anchor: "middle", class: "dim"}, fmt.Sprintf("× %d", n/100))
	}
	for i, r := range t.Rows {
		y, n := px(40+pitch*i), hundredths(inline, r.Wall)
		c.bar(r, box{at(0), y, at(n), y + px(pitch-8)})
		c.text(textAt{x: px(left - 8), y: y + px(13), anchor: "end"}, r.Name)
		c.text(textAt{x: px(width - 14), y: y + px(13), anchor: "end"}, fmt.Sprintf("%d.%02d", n/100, n%100))
	}
	ideal := at(hundredths(inline, t.Rows[0].Ideal))
	c.printf(`<path class="ideal" d="M%v %vV%v"/>`, ideal, px(32), bottom)
	c.text(textAt{x: ideal, y: bottom + px(34), anchor: "middle", class: "dim"}, "ideal")
	return c.close()
}

// bar is filled, or, for a model behind a loop, striped.
func (c *canvas) bar(r result.Row, b box) {
	fill := color(r.Model)
	if palette.Of(r.Model).Dashed {
		id := "stripes-" + palette.Class(r.Model)
		c.printf(`<pattern id="%s" width="9" height="9" patternUnits="userSpaceOnUse"><rect width="6" height="9" style="fill:%s"/></pattern>`, id, fill)
		fill = "url(#" + id + ")"
	}
	c.printf(`<rect x="%v" y="%v" width="%v" height="%v" rx="2" style="fill:%s"><title>%s</title></rect>`,
		b.left, b.top, max(1, b.right-b.left), b.bottom-b.top, fill, html.EscapeString(r.Name+": "+result.Short(r.Wall)))
}

// hundredths of a/b.
func hundredths(a, b time.Duration) int64 {
	if b <= 0 {
		return 0
	}
	return (int64(a)*100 + int64(b)/2) / int64(b)
}
