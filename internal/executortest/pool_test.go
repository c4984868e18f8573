package executortest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/workerpool"
)

var pool = executortest.Subject{
	Name:  "workerpool",
	Calls: executortest.AllCalls,
	New: func(_ testing.TB, o executortest.Options) quartet.Executor {
		return workerpool.New(workerpool.Config{
			Name: o.Name, Around: o.Around, Workers: o.Size, Queue: o.Queue,
			InFlight: o.InFlight, Saturation: workerpool.Saturation(o.Full), OnPanic: o.OnPanic,
			ExactTimes: o.ExactTimes,
		})
	},
	Views: func(r quartet.Runner) func(rng *rand.Rand) quartet.Runner {
		p := r.(*workerpool.Pool)
		limited := p.Limit(2)
		return func(rng *rand.Rand) quartet.Runner {
			switch key := rng.IntN(3); rng.IntN(6) {
			case 0:
				return p.Priority(workerpool.Level(rng.IntN(3) - 1))
			case 1:
				return p.Key(key)
			case 2:
				return limited
			case 3:
				return p.Key(key).AtMost(rng.IntN(3))
			case 4:
				return limited.AtMost(rng.IntN(3)).Key(key)
			default:
				return limited.Key(key)
			}
		}
	},
	Resize: func(r quartet.Runner, size int) { r.(*workerpool.Pool).Resize(size) },
}

func TestPool(t *testing.T) { executortest.Run(t, pool) }

func TestPoolStorms(t *testing.T) { executortest.RunStorms(t, pool) }
