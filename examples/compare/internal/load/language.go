package load

import "context"

// Language is a runtime of another language, which does the same work as Go does.
type Language struct {
	Name string // of its row: "python 3.11"
	Like string
	// Measure starts it, has it do the work, and returns what that took, and what else it has
	// found, by name. Times are in seconds.
	Measure func(ctx context.Context) (map[string]float64, error)
}

// Work is what all languages do the same, for comparison. A size of calibrated is in milliseconds.
type Work struct {
	Name, Label string
	Size        int
}

// Works are the same in each language, with the same results. The last one is the work of 50 ms by
// a language's own calibration.
var Works = []Work{
	{"turns", "2,000,000 steps", 2_000_000},
	{"fib", "fib(27)", 27},
	{"callbacks", "20,000 callbacks", 20_000},
	{"calibrated", "calibrated 50 ms", 50},
}
