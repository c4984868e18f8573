package result

import "time"

// Short is a duration with three digits that mean something.
func Short(d time.Duration) string {
	for unit := time.Nanosecond; unit <= time.Second; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
	return d.Round(time.Second).String()
}
