package executortest_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

// The suite's sentinel has to be known in both processes for errors.Is to find it.
func init() {
	_, sentinel := quartet.Invoke(context.Background(), "executortest.fails", quartet.JSON{}, []byte(`""`))
	procpool.RegisterError("executortest.cause", sentinel)
}

// A bubble cannot hold a process, and a closure does not compile for one, so the process pool runs
// the tests that submit named functions alone, in real time; what the others say of waiting,
// cancelling, panics and ends is in its own package.
var processes = executortest.Subject{
	Name:  "procpool",
	Sizes: []int{1, 2},
	New: func(t testing.TB, o executortest.Options) quartet.Executor {
		p, err := procpool.New(procpool.Config{
			Name: o.Name, Workers: o.Size, Queue: o.Queue, InFlight: o.InFlight, OnPanic: o.OnPanic,
			ExactTimes: o.ExactTimes,
			Env:        append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0"),
		})
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return p
	},
}

func TestProcesses(t *testing.T) { executortest.RunOutside(t, processes) }

func TestProcessesStorms(t *testing.T) { executortest.RunStorms(t, processes) }
