package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble time is virtual, and the figures exact.
func TestTheKneeIsAtTheWorkers(t *testing.T) {
	bubble.Prints(t, run,
		"in flight   tasks/s   a task takes",
		"        1       100           10ms  ###",
		"        2       200           10ms  ######",
		"        4       400           10ms  #############",
		"        8       800           10ms  ##########################",
		"       16       800           20ms  ##########################",
		"       32       800           40ms  ##########################",
	)
}
