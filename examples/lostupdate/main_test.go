package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble the loop's time is virtual too, and so every figure repeatable.
func TestUpdatesAreLostWhereTheStepIsInTheMiddle(t *testing.T) {
	bubble.Prints(t, run,
		"                                           counted, of 200",
		"global lock    read, compute, write                    153",
		"global lock    compute, then read and write            200",
		"event loop     read, await, write                      100",
		"event loop     await, then read and write              200",
		"pool, one key  read, await, write                      200",
	)
}
