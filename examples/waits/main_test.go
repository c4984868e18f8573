package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble time is virtual, and the figures exact.
func TestOnlyNamedWaitsOverlap(t *testing.T) {
	bubble.Prints(t, run,
		"20 tasks, 10ms each       event loop   pool of 4   global lock",
		"quartet.Sleep                  10ms        50ms          10ms",
		"time.Sleep in Block            10ms        50ms          10ms",
		"time.Sleep                    200ms        50ms         200ms",
	)
}
