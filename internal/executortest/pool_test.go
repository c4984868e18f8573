package executortest_test

import (
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/workerpool"
)

var pool = executortest.Subject{
	Name: "workerpool",
	New: func(_ testing.TB, o executortest.Options) quartet.Executor {
		return workerpool.New(workerpool.Config{Workers: o.Size, Queue: o.Queue, InFlight: o.InFlight, OnPanic: o.OnPanic, ExactTimes: o.ExactTimes})
	},
}

func TestPool(t *testing.T) { executortest.Run(t, pool) }

func TestPoolStorms(t *testing.T) { executortest.RunStorms(t, pool) }
