package inspect

import (
	"time"

	"github.com/quartet-go/quartet"
)

// histogram is a picture of durations: a bar for each power of two between the shortest and the
// longest. It is drawn by the template; here are only the numbers.
//
// All lengths are in the units of the SVG that the template draws, whose y grows downwards.
type histogram struct {
	Name  string
	Empty bool
	Marks []mark
	Bars  []bar
	Width int // of the picture, in units; its height is plotHeight
}

// bar counts the durations below a bound and not below half of it.
type bar struct {
	X, Y, Height int
	Count        uint64
	Bound        time.Duration
}

// mark is a quantile.
type mark struct {
	Name  string
	Value time.Duration
	X     int
}

const (
	barWidth   = 12
	plotHeight = 48
)

// newHistogram draws buckets from the first that is not empty to the last. A bucket with anything
// in it has a bar of one unit at least, so that the rare slow task is seen.
//
// Gaps between the first and the last bar are kept, so the axis is a logarithm of the time. most is
// at least 1 where Count is not 0, so the division is safe.
func newHistogram(name string, h quartet.Histogram) histogram {
	out := histogram{Name: name, Empty: h.Count == 0}
	first, last, most := -1, 0, uint64(0)
	for i, n := range h.Buckets {
		if n == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		last, most = i, max(most, n)
	}
	if out.Empty {
		return out
	}
	for i := first; i <= last; i++ {
		height := int(h.Buckets[i] * plotHeight / most)
		if h.Buckets[i] > 0 {
			height = max(height, 1)
		}
		out.Bars = append(out.Bars,
			bar{(i - first) * barWidth, plotHeight - height, height, h.Buckets[i], time.Duration(1) << min(i, 62)})
	}
	out.Width = len(out.Bars) * barWidth
	for _, q := range []struct {
		name string
		of   float64
	}{{"p50", .5}, {"p90", .9}, {"p99", .99}} {
		value := h.Quantile(q.of)
		// A mark stands above the bar that its value falls into: more is not known of a histogram
		// of powers of two.
		x := 0
		for i := range out.Bars {
			if value >= out.Bars[i].Bound/2 {
				x = i*barWidth + barWidth/2
			}
		}
		out.Marks = append(out.Marks, mark{q.name, value, x})
	}
	return out
}
