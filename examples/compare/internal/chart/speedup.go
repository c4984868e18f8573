package chart

import (
	"fmt"
	"html"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// SpeedUp draws how many times as fast as inline each row of a table was: a bar for it, and the ideal as a line.
func SpeedUp(t result.Table, width int) string {
	const pitch, right, top = 26, 60, 56
	c := canvas{width: px(width), height: px(top + pitch*len(t.Rows) + 54)}
	c.open(t.Name+": how many times as fast as inline", t.Title, models(t))
	if len(t.Rows) == 0 {
		return c.close()
	}
	inline, left := t.Rows[0].Wall, tenth(0)
	most := int64(110)
	for _, r := range t.Rows {
		most = max(most, hundredths(inline, r.Ideal), hundredths(inline, r.Wall))
		left = max(left, margin+textWidth(r.Name))
	}
	most += 10 // so that what is just short of a whole number has that beside it
	at := func(n int64) tenth { return left + tenth(int64(px(width-right)-left)*n/most) }
	bottom := px(top + pitch*len(t.Rows))
	for n := int64(0); n <= most; n += 100 {
		c.printf(`<path class="grid" d="M%v %vV%v"/>`, at(n), px(top-8), bottom)
		c.text(textAt{x: at(n), y: bottom + px(16), anchor: "middle", class: "dim"}, fmt.Sprintf("× %d", n/100))
	}
	best := at(hundredths(inline, t.Rows[0].Ideal))
	c.printf(`<path class="ideal" d="M%v %vV%v"/>`, best, px(top-12), bottom)
	c.text(textAt{x: best, y: px(top - 16), anchor: "middle", class: "dim"}, ideal)
	for i, r := range t.Rows {
		y, n := px(top+pitch*i), hundredths(inline, r.Wall)
		c.bar(r, y, at(0), at(n), pitch-8)
		c.text(textAt{x: left - px(8), y: y + px(13), anchor: "end"}, r.Name)
		c.text(textAt{x: c.width - margin, y: y + px(13), anchor: "end"}, fmt.Sprintf("%d.%02d", n/100, n%100))
	}
	c.axisNames("", "speed-up over inline, times", bottom)
	return c.close()
}

// bar is a thick piece of the row's line.
func (c *canvas) bar(r result.Row, top, from, to tenth, high int) {
	c.printf(`<path style="%s;stroke-width:%d" d="M%v %vH%v"><title>%s</title></path>`,
		ink(r.Model), high, from, top+px(high)/2, max(from+1, to), html.EscapeString(r.Name+": "+result.Short(r.Wall)))
}

// hundredths of a/b.
func hundredths(a, b time.Duration) int64 {
	if b <= 0 {
		return 0
	}
	return (int64(a)*100 + int64(b)/2) / int64(b)
}
