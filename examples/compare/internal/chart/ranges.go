package chart

import (
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Ranges draws the latencies of each row of a table over a logarithmic axis: thick from the median
// to p99, thin from there to the worst. The rule is a line that no thick piece may cross.
func Ranges(t result.Table, width int, heading string) string {
	c := newRows(t, width, heading)
	var all []uint64
	for _, r := range t.Rows {
		all = append(all, uint64(r.P50), uint64(max(r.P99, r.Max)))
	}
	if t.Limit > 0 && len(all) > 0 {
		all = append(all, uint64(t.Limit))
	}
	from, to := roundAround(all)
	x := logScale{from, to, c.left, c.right() - c.left - px(8)}
	free := tenth(0)
	for _, d := range x.ticks() {
		if label := unit(time.Duration(d)); x.of(d)-textWidth(label)/2 > free {
			c.grid(x.of(d), label)
			free = x.of(d) + textWidth(label)/2
		}
	}
	if t.Limit > 0 {
		c.limit("rule", x.of(uint64(t.Limit)), c.width-margin, "rule: p99 below "+unit(t.Limit))
	}
	for i, r := range t.Rows {
		says := "p50 " + unit(r.P50) + ", p99 " + unit(r.P99) + ", worst " + unit(r.Max)
		c.bar(r, c.top(i), x.of(uint64(r.P99)), x.of(uint64(r.Max)), 2, says)
		c.bar(r, c.top(i), x.of(uint64(r.P50)), x.of(uint64(r.P99)), 12, says)
	}
	c.frame(t, func(r result.Row) string { return unit(r.P99) })
	c.axisNames("", "latency, log scale: p50 to p99, thin to worst", c.bottom())
	return c.close()
}
