package child

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

var errCancelled = errors.New("cancelled by the test")

// sizedCall is a call with an input of that many bytes.
type sizedCall struct {
	reading
	size int
}

func (c *sizedCall) AppendInput(dst []byte, _ quartet.Codec) ([]byte, error) {
	return append(dst, make([]byte, c.size)...), nil
}

// A CALL that the pool does not read keeps no other frame from being handled, and a cancellation
// that comes meanwhile follows it.
func TestACallIsWrittenWithoutTheLock(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	s := newServer(w)
	submitted := make(chan error, 1)
	go func() { submitted <- (*client)(s).SubmitCall(context.Background(), &sizedCall{size: 1 << 19}) }()
	head := make([]byte, wire.HeaderSize)
	_, err = io.ReadFull(r, head)
	require.NoError(t, err) // it is being written, and does not fit into the pipe
	require.True(t, s.mu.TryLock(), "the lock is held while the CALL is written")
	node := s.calls[1].node
	s.mu.Unlock()
	require.False(t, node.Cancel(errCancelled))
	rest := make(chan []byte, 1)
	go func() {
		data, _ := io.ReadAll(r)
		rest <- data
	}()
	require.NoError(t, <-submitted)
	require.NoError(t, w.Close())
	require.Equal(t, []wire.Type{wire.Call, wire.CancelCall}, typesOf(t, append(head, <-rest...)))
	require.NoError(t, r.Close())
}

// typesOf returns the types of the frames in data.
func typesOf(t *testing.T, data []byte) (types []wire.Type) {
	t.Helper()
	reader := wire.Reader{Limit: 1 << 20}
	for len(data) > 0 {
		n := copy(reader.Room(), data)
		reader.Fed(n)
		data = data[n:]
		for f, ok, err := reader.Next(); ok || err != nil; f, ok, err = reader.Next() {
			require.NoError(t, err)
			types = append(types, f.Type)
		}
	}
	return types
}

// hookedContext counts who waits for its end, and calls a function when it is asked for that end.
type hookedContext struct {
	context.Context
	done    chan struct{}
	asked   func()
	watches int
}

func (c *hookedContext) Done() <-chan struct{} {
	c.asked()
	return c.done
}

func (c *hookedContext) AfterFunc(func()) (stop func() bool) {
	c.watches++
	return func() bool { c.watches--; return true }
}

// A REPLY may come before the submit has returned: nothing of the call is left at its parent.
func TestAReplyBeforeTheWatchLeavesNothing(t *testing.T) {
	out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, out.Close()) }()
	s := newServer(out)
	call := &reading{}
	ctx := &hookedContext{Context: context.Background(), done: make(chan struct{})}
	ctx.asked = func() {
		if len(s.calls) > 0 {
			s.reply(wire.Frame{Type: wire.Reply, ID: 1, Body: []byte("1")})
		}
	}
	before := ctx.watches
	require.NoError(t, (*client)(s).SubmitCall(ctx, call))
	require.Equal(t, 1, call.ends)
	require.Equal(t, before, ctx.watches)
}

// wrapped is a call with a future inside, as a wrapper submits it.
type wrapped struct {
	reading
	future quartet.Call
}

func (w *wrapped) Unwrap() quartet.Call { return w.future }

// future is a call that brings its node.
type future struct {
	reading
	node *task.Node
}

func (f *future) Node() *task.Node { return f.node }

// A call in a wrapper is sent also a second time, when its future has been claimed, and not when
// that has been cancelled: then the submit says so.
func TestClaimingACallInAWrapper(t *testing.T) {
	out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, out.Close()) }()
	s := newServer(out)
	newFuture := func() *future {
		f := &future{}
		f.node = task.Of(context.Background(), f)
		return f
	}
	sent := newFuture()
	for range 2 {
		require.NoError(t, (*client)(s).SubmitCall(context.Background(), &wrapped{future: sent}))
	}
	require.Len(t, s.calls, 2)
	require.False(t, sent.node.Cancel(errCancelled), "it is on its way")

	gone := newFuture()
	require.True(t, gone.node.Cancel(errCancelled))
	call := &wrapped{future: gone}
	require.ErrorIs(t, (*client)(s).SubmitCall(context.Background(), call), context.Canceled)
	require.Len(t, s.calls, 2)
	require.Zero(t, call.ends)
}
