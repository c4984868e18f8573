package natspool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/workerpool"
)

// The suite's sentinel has to be known on both sides for errors.Is to find it.
func init() {
	_, sentinel := quartet.Invoke(context.Background(), "executortest.fails", quartet.JSON{}, []byte(`""`))
	natspool.RegisterError("executortest.cause", sentinel)
}

// whole is a pool with its only node, which ends with it.
type whole struct {
	*natspool.Pool
	node *natspool.Node
	ex   *workerpool.Pool
}

func (w whole) Unwrap() quartet.Executor { return w.Pool }

func (w whole) Shutdown(ctx context.Context) error {
	if err := w.Pool.Shutdown(ctx); err != nil {
		return err
	}
	return quartet.Stop(context.Background(), w.node, w.ex)
}

func (w whole) Close() error {
	_ = w.Pool.Close()
	_ = w.node.Close()
	return w.ex.Close()
}

// A bubble cannot hold a connection, and a closure does not compile for another machine, so the
// pool runs the tests that submit named functions alone, in real time; what the others say of
// waiting, cancelling, panics and ends is in this package.
func subject(t *testing.T) executortest.Subject {
	nc := serverOf(t)
	return executortest.Subject{
		Name:  "natspool",
		Sizes: []int{1, 2},
		Skips: map[string]string{
			"Storm/cancel":   "it cancels closures, which do not travel",
			"Storm/anything": "it submits closures, which do not travel",
		},
		New: func(t testing.TB, o executortest.Options) quartet.Executor {
			ex := workerpool.New(workerpool.Config{Workers: o.Size})
			node, err := natspool.Serve(t.Context(), nc, ex,
				natspool.NodeConfig{Name: o.Name, Slots: o.Size, Heartbeat: 4 * beat, LostAfter: 4 * lost})
			require.NoError(t, err)
			p, err := natspool.New(nc, natspool.Config{
				Name: o.Name, Queue: o.Queue, InFlight: o.InFlight, OnPanic: o.OnPanic, ExactTimes: o.ExactTimes,
				Heartbeat: 4 * beat, LostAfter: 4 * lost,
			})
			require.NoError(t, err)
			return whole{p, node, ex}
		},
	}
}

func TestContract(t *testing.T) { executortest.RunOutside(t, subject(t)) }

func TestStorms(t *testing.T) { executortest.RunStorms(t, subject(t)) }
