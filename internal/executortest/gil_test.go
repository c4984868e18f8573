package executortest_test

import (
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/internal/executortest"
)

func threads(name string, cfg gil.Config, skips map[string]string) executortest.Subject {
	return executortest.Subject{
		Name:  name,
		Calls: executortest.NestedCalls,
		Sizes: []int{1},
		Skips: skips,
		New: func(_ testing.TB, o executortest.Options) quartet.Executor {
			cfg := cfg
			cfg.Name, cfg.Around, cfg.OnSlow = o.Name, o.Around, func(error) {} // tests hold the lock for long
			cfg.Queue, cfg.InFlight, cfg.OnPanic, cfg.ExactTimes = o.Queue, o.InFlight, o.OnPanic, o.ExactTimes
			return gil.New(cfg)
		},
	}
}

const yieldIsACheckpoint = "Yield gives the lock to a thread that waits for it by then; a queued task may not yet"

var gilReal = threads("gil", gil.Config{}, map[string]string{
	"C6_Words/yield_lets_a_queued_task_run_first": yieldIsACheckpoint,
})

var gilVirtual = threads("virtual gil", gil.Config{Clock: gil.Virtual}, map[string]string{
	"C6_Words/yield_lets_a_queued_task_run_first": yieldIsACheckpoint,
	"C6_Words/sleep": "a virtual sleep takes no time outside of the machine",
	"C14_Cost/a_chain_of_successors_keeps_nothing": "a simulation keeps each thread for its report",
})

func TestGIL(t *testing.T) { executortest.Run(t, gilReal) }

func TestGILStorms(t *testing.T) { executortest.RunStorms(t, gilReal) }

func TestVirtualGIL(t *testing.T) { executortest.Run(t, gilVirtual) }

func TestVirtualGILStorms(t *testing.T) { executortest.RunStorms(t, gilVirtual) }
