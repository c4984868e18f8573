package result

import (
	"fmt"
	"strings"
	"time"
)

// Short is a duration with three digits that mean something.
func Short(d time.Duration) string {
	for unit := time.Nanosecond; unit <= time.Second; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
	return d.Round(time.Second).String()
}

// Spaced is Short with a space before the unit: 100 µs, 1.5 ms.
func Spaced(d time.Duration) string {
	s := Short(d)
	i := strings.LastIndexAny(s, "0123456789") + 1
	return s[:i] + " " + s[i:]
}

// Measured is Short, and - for a figure that was not measured.
func Measured(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return Short(d)
}

// Share is how much of an ideal a time reaches, in percent; - without one of them.
func Share(ideal, took time.Duration) string {
	if ideal <= 0 || took <= 0 {
		return "-"
	}
	percent := 100 * float64(ideal) / float64(took)
	if percent < 1 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", percent)
}

// Cores is how many were busy; - where that was not measured.
func Cores(n float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", n)
}

// Ratio is a/b; - without a b.
func Ratio(a, b time.Duration) string {
	if b == 0 {
		return "-"
	}
	r := float64(a) / float64(b)
	if r < 0.1 {
		return fmt.Sprintf("%.2g", r)
	}
	return fmt.Sprintf("%.2f", r)
}
