package executortest_test

import (
	"testing"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/internal/executortest"
)

var loop = executortest.Subject{
	Name:  "eventloop",
	Calls: executortest.NestedCalls,
	Sizes: []int{1},
	New: func(_ testing.TB, o executortest.Options) quartet.Executor {
		l := eventloop.New(eventloop.Config{
			Name: o.Name, Around: o.Around, Queue: o.Queue, InFlight: o.InFlight,
			OnPanic: o.OnPanic, ExactTimes: o.ExactTimes, SlowCallback: 1000 * time.Hour,
		})
		l.Start()
		return l
	},
}

func TestLoop(t *testing.T) { executortest.Run(t, loop) }

func TestLoopStorms(t *testing.T) { executortest.RunStorms(t, loop) }
