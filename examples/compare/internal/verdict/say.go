package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// say is what a claim's figures say, with the spread of the rounds.
func (c Claim) say(e Evidence, q Figure) string {
	var pairs []string
	for i, figure := range []string{c.Ratio[0], c.Ratio[1], c.Than[0], c.Than[1]} {
		letter := string("abcd"[i])
		pairs = append(pairs, "{"+letter+"}", shown(figure, e.Figures[figure].Median()),
			"{"+strings.ToUpper(letter)+"}", e.row(figure))
	}
	plain, _ := over(e.Figures, c.Ratio, c.Per)
	than, _ := over(e.Figures, c.Than, 0)
	pairs = append(pairs, "{q}", digits(q.Median()), "{r}", digits(plain.Median()), "{s}", digits(than.Median()))
	said := strings.NewReplacer(pairs...).Replace(c.Say)
	low, high := digits(slices.Min(q)), digits(slices.Max(q))
	switch {
	case c.BreakEven != "" && low == high: // the answer's unit is that of the break-even
		return said
	case low == high:
		return fmt.Sprintf("%s; ratio %s", said, low)
	}
	return fmt.Sprintf("%s; ratio %s, in the rounds %s to %s", said, digits(q.Median()), low, high)
}

// row is the row that a figure is of, as a claim names it.
func (e Evidence) row(figure string) string {
	n, ok := split(figure)
	if ok && slices.Contains(e.Simulated, n.model) {
		return n.model + " (simulated)"
	}
	return n.model
}

// counted are figures that are no times.
var counted = []string{"threads", "share", "lines"}

// shown is a figure in its unit.
func shown(figure string, v float64) string {
	n, _ := split(figure)
	switch {
	case strings.HasPrefix(n.figure, "share"):
		return fmt.Sprintf("%.3g %%", 100*v)
	case slices.ContainsFunc(counted, func(word string) bool { return strings.Contains(n.figure, word) }):
		return digits(v)
	case strings.HasPrefix(n.figure, "memory"), n.figure == "bytes":
		if v < 1<<20 {
			return digits(v/(1<<10)) + " KiB"
		}
		return digits(v/(1<<20)) + " MiB"
	}
	return spaced(time.Duration(v * float64(time.Second)))
}

// spaced is a duration with three digits that tell something, and a space before its unit.
func spaced(d time.Duration) string {
	for _, u := range []struct {
		one  time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= u.one {
			return digits(float64(d)/float64(u.one)) + " " + u.name
		}
	}
	return fmt.Sprintf("%d ns", d)
}

// digits has three that tell something.
func digits(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func (c Claim) threshold() string {
	if c.AtLeast > 0 {
		return fmt.Sprintf("; the claim holds from %g", c.AtLeast)
	}
	return fmt.Sprintf("; the claim holds up to %g", c.AtMost)
}
