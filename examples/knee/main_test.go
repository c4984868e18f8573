package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble time is virtual, and the figures exact: those of the comment.
func TestTheKneeIsAtTheWorkers(t *testing.T) { bubble.PrintsItsComment(t, run) }
