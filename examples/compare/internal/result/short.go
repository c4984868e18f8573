package result

import (
	"fmt"
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

// Measured is Short, and - for what was not measured.
func Measured(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return Short(d)
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
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}
