package result

import (
	"slices"
	"time"
)

// most is how many points a distribution has: as many as a picture can show.
const most = 200

// Percentile of sorted durations; 0 of none.
func Percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// Distribution returns the steps of the distribution of sorted durations: all of them, or, of more
// than 200, evenly chosen ones, the last among them.
func Distribution(sorted []time.Duration) []Point {
	n := len(sorted)
	points := make([]Point, min(n, most))
	for i := range points {
		upTo := (i + 1) * n / len(points) // of n requests
		points[i] = Point{sorted[upTo-1], float64(upTo) / float64(n)}
	}
	return points
}

// Median of durations, the upper one of two; 0 of none. It does not change ds.
func Median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	ds = slices.Sorted(slices.Values(ds))
	return ds[len(ds)/2]
}
