package natspool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/workerpool"
)

// flow is what a stream is to do.
type flow struct {
	N, Size int
	How     string // after N items
}

// made counts the items that were made in this process.
var made, closed atomic.Int64

var flows = quartet.Define("natspool_test.flows",
	func(ctx context.Context, f flow) (iter.Seq2[[]byte, error], error) {
		if f.How == "refuses" {
			return nil, errOdd
		}
		return func(yield func([]byte, error) bool) {
			defer closed.Add(1)
			for i := range f.N {
				made.Add(1)
				if !yield(bodyOf(f.Size, i), nil) {
					return
				}
			}
			switch f.How {
			case "yields an error":
				yield(nil, errOdd)
			case "panics":
				panic("planted")
			case "waits":
				<-ctx.Done()
			}
		}, nil
	}, quartet.Idempotent())

var sumOfFlows = quartet.Define("natspool_test.sumOfFlows", func(ctx context.Context, f flow) (int, error) {
	ex, _ := quartet.Current(ctx)
	seq, err := flows.Do(ctx, ex, f)
	if err != nil {
		return 0, err
	}
	n := 0
	for item, err := range seq {
		if err != nil {
			return 0, err
		}
		n += len(item)
	}
	return n, nil
})

func bodyOf(size, seed int) []byte {
	text := fmt.Appendf(nil, "body %d, ", seed)
	return bytes.Repeat(text, size/len(text)+1)[:size]
}

// read reads a stream to its end, and returns the error of the last pair.
func read(t *testing.T, ctx context.Context, ex quartet.Executor, f flow) (items int, last error) {
	t.Helper()
	seq, err := flows.Do(ctx, ex, f)
	require.NoError(t, err)
	for body, err := range seq {
		require.NoError(t, last, "an error is the last pair")
		if last = err; err == nil {
			require.True(t, bytes.Equal(bodyOf(f.Size, items), body), "item %d", items)
			items++
		}
	}
	return items, last
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestStreams(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 1)
	p := poolOf(t, nc)
	for _, f := range []flow{
		{}, {N: 1}, {N: stream.Items, Size: 10}, {N: 1000, Size: 10}, {N: 30, Size: 100 << 10}, {N: 3, Size: 5 << 20},
	} {
		items, err := read(t, bounded(t), p, f)
		require.NoError(t, err)
		require.Equal(t, f.N, items)
	}
	for how, want := range map[string]error{"refuses": errOdd, "yields an error": errOdd} {
		_, err := read(t, bounded(t), p, flow{N: 5, Size: 10, How: how})
		require.ErrorIs(t, err, want)
	}
	items, err := read(t, bounded(t), p, flow{N: 5, Size: 10, How: "panics"})
	var panicked *quartet.PanicError
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, 5, items)
	_, err = read(t, bounded(t), p, flow{N: 1, Size: 17 << 20})
	require.ErrorIs(t, err, natspool.ErrTooLarge)

	n, err := sumOfFlows.Do(bounded(t), p, flow{N: 300, Size: 10})
	require.NoError(t, err, "read in a task, on a node of one slot")
	require.Equal(t, 3000, n)
	require.NoError(t, p.Shutdown(bounded(t)))
	s := p.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed)
	require.EqualValues(t, 3, s.Failed, "an error that is yielded ends nothing")
}

// Leaving the loop ends the function, which is never ahead by more than the window.
func TestStreamsAreLeft(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 2)
	p := poolOf(t, nc)
	for _, stop := range []int{1, 100} {
		made.Store(0)
		closed.Store(0)
		seq, err := flows.Do(bounded(t), p, flow{N: 1 << 30, Size: 1})
		require.NoError(t, err)
		items := 0
		for _, err := range seq {
			require.NoError(t, err)
			if items++; items < stop {
				continue
			}
			ahead := func() bool { return made.Load() >= int64(stop+stream.Items/2) }
			require.Eventually(t, ahead, time.Minute, time.Millisecond)
			break
		}
		require.EqualValues(t, 1, closed.Load(), "the loop has waited for its end")
		require.LessOrEqual(t, made.Load(), int64(stop+stream.Items))
	}
	ctx, cancel := context.WithCancelCause(bounded(t))
	defer cancel(nil)
	seq, err := flows.Do(ctx, p, flow{N: 3, Size: 1, How: "waits"})
	require.NoError(t, err)
	var last error
	items := 0
	for _, err := range seq {
		if last = err; err == nil {
			if items++; items == 3 {
				cancel(errOdd)
			}
		}
	}
	require.Equal(t, errOdd, last)
	require.Equal(t, 3, items)
}

// A broken connection loses no item, and repeats none.
func TestStreamsOverABrokenConnection(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	near, far := startProxy(t, srv.said), startProxy(t, srv.said)
	nodeOf(t, client(t, far.url()), 1)
	p := poolOf(t, client(t, near.url()))
	seq, err := flows.Do(bounded(t), p, flow{N: 2000, Size: 100})
	require.NoError(t, err)
	items := 0
	for body, err := range seq {
		require.NoError(t, err)
		require.True(t, bytes.Equal(bodyOf(100, items), body), "item %d", items)
		if items++; items%300 == 0 {
			near.cut()
		} else if items%200 == 0 {
			far.cut()
		}
	}
	require.Equal(t, 2000, items)
}

// A node that dies in the middle: the items that it sent arrive, and the last pair says who was
// lost. It is not tried again, also where the function is Idempotent.
func TestStreamOfALostNode(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	node := nodeProcess(t, srv.said)
	p, err := natspool.New(client(t, srv.said), faultPool())
	require.NoError(t, err)
	defer p.Close()
	items, last := 0, error(nil)
	seq, err := flows.Do(bounded(t), p, flow{N: 1 << 30, Size: 10})
	require.NoError(t, err)
	for _, err := range seq {
		if last = err; err == nil {
			if items++; items == 100 {
				node.kill()
			}
		}
	}
	require.GreaterOrEqual(t, items, 100)
	var lost *natspool.NodeLostError
	require.ErrorAs(t, last, &lost)
	require.Equal(t, "natspool_test.flows", lost.Func)
}

func TestStreamsOfDetachedPoolsAreRefused(t *testing.T) {
	p, err := natspool.New(serverOf(t), natspool.Config{Detached: true})
	require.NoError(t, err)
	defer p.Close()
	_, err = read(t, bounded(t), p, flow{N: 1})
	require.ErrorContains(t, err, "is a stream, and of a Detached pool")
}

// elsewhere is an executor as a pool of processes is: it brings encoded items, and hears of
// those that have been read.
type elsewhere struct{ *workerpool.Pool }

func (elsewhere) SubmitCall(ctx context.Context, c quartet.Call) error {
	r, ok := quartet.As[functions.Reader](c)
	if !ok {
		return errors.New("no stream")
	}
	var window stream.Window
	told := make(chan int, 1000)
	r.OnTaken(func(n int) { told <- n })
	input, err := c.AppendInput(nil, quartet.JSON{})
	if err != nil {
		return err
	}
	f, _ := functions.Streams(c.Name())
	go func() {
		err := f.Stream(ctx, quartet.JSON{}, input, func(item []byte, err error) error {
			window.Add(len(item))
			r.Receive(item, quartet.JSON{}, err)
			for window.Full() {
				select {
				case n := <-told:
					window.Taken(n)
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
		c.Resolve(nil, quartet.JSON{}, err)
	}()
	return nil
}

func TestStreamsOfAnExecutorElsewhere(t *testing.T) {
	nc := serverOf(t)
	ex := elsewhere{workerpool.New(workerpool.Config{Workers: 1})}
	defer ex.Pool.Close()
	n, err := natspool.Serve(t.Context(), nc, ex, natspool.NodeConfig{Slots: 1, Heartbeat: beat, LostAfter: lost})
	require.NoError(t, err)
	defer n.Close()
	p := poolOf(t, nc)
	for _, f := range []flow{{}, {N: 1000, Size: 10}, {N: 3, Size: 3 << 20}} {
		items, err := read(t, bounded(t), p, f)
		require.NoError(t, err, "%v", f)
		require.Equal(t, f.N, items)
	}
	_, err = read(t, bounded(t), p, flow{N: 3, Size: 10, How: "yields an error"})
	require.ErrorIs(t, err, errOdd)
}
