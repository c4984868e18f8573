package chart

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// SpeedUp draws how many times as fast as inline each row of a table was: a bar for it, with the
// ideal and the rule as lines.
func SpeedUp(t result.Table, width int, heading string) string {
	c := newRows(t, width, heading)
	if len(t.Rows) == 0 {
		return c.close()
	}
	inline, most := t.Rows[0].Wall, int64(110)
	for _, r := range t.Rows {
		most = max(most, hundredths(inline, r.Ideal), hundredths(inline, r.Wall))
	}
	most += 10 // so that what is just short of a whole number has that beside it
	at := func(n int64) tenth { return c.left + tenth(int64(c.right()-c.left)*n/most) }
	for n := int64(0); n <= most; n += 100 * (1 + most/600) {
		c.grid(at(n), fmt.Sprintf("× %d", n/100))
	}
	ideal := at(hundredths(inline, t.Rows[0].Ideal))
	if t.Limit > 0 {
		c.limit("rule", at(hundredths(inline, t.Limit)), ideal, "rule")
	}
	c.limit("ideal", ideal, c.width-margin, "ideal")
	for i, r := range t.Rows {
		c.bar(r, c.top(i), at(0), at(hundredths(inline, r.Wall)), rowPitch-8, result.Short(r.Wall))
	}
	c.frame(t, func(r result.Row) string {
		n := hundredths(inline, r.Wall)
		return fmt.Sprintf("%d.%02d", n/100, n%100)
	})
	c.axisNames("", "speed-up over inline, times", c.bottom())
	return c.close()
}

// Times draws how long each row of a table took, over an axis that begins at 0.
func Times(t result.Table, width int, heading string) string {
	c := newRows(t, width, heading)
	most := time.Duration(1)
	for _, r := range t.Rows {
		most = max(most, r.Wall)
	}
	step := time.Duration(rounder(uint64(most) / 5))
	at := func(d time.Duration) tenth {
		return c.left +
			tenth(int64(c.right()-c.left-px(8))*int64(d/time.Microsecond)/max(1, int64(most/time.Microsecond)))
	}
	free := tenth(0)
	for d := time.Duration(0); d <= most; d += step {
		if label := unit(d); at(d)-textWidth(label)/2 > free {
			c.grid(at(d), label)
			free = at(d) + textWidth(label)/2
		}
	}
	for i, r := range t.Rows {
		c.bar(r, c.top(i), at(0), at(r.Wall), rowPitch-8, result.Short(r.Wall))
	}
	c.frame(t, func(r result.Row) string { return unit(r.Wall) })
	c.axisNames("", "time for the same work", c.bottom())
	return c.close()
}

// hundredths of a/b.
func hundredths(a, b time.Duration) int64 {
	if b <= 0 {
		return 0
	}
	return (int64(a)*100 + int64(b)/2) / int64(b)
}
