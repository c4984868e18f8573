package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble only waits take time, so the figures are exact; run itself compares what the two ways
// give.
func TestBothWaysGiveTheSame(t *testing.T) {
	bubble.Prints(t, run,
		"job                        plain Go                quartet",
		"join 8 waits               WaitGroup      10ms     pool of 8       10ms",
		"count to 10000             Mutex            0s     event loop        0s",
		"1000 waits of 10ms         goroutines     10ms     pool of 8      1.25s",
	)
}
