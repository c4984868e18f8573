package task_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/task"
)

var errWhy = errors.New("why")

// counter is a Job and an Owner that counts what happens to its node.
type counter struct{ abandoned, dropped atomic.Int32 }

func (c *counter) Run(context.Context)            {}
func (c *counter) Abandon(error)                  { c.abandoned.Add(1) }
func (c *counter) Drop(n *task.Node, cause error) { c.dropped.Add(1); n.Job.Abandon(cause) }
func (c *counter) Panicked(error, bool)           {}
func (c *counter) Unseen() *slog.Logger           { return nil }

// accepted returns a node that owner has accepted and may start.
func accepted(ctx context.Context, owner interface {
	task.Owner
	task.Job
},
) *task.Node {
	var h task.Home
	h.Open(owner, nil, nil)
	n := pending(ctx, owner)
	n.Settle(&h)
	n.Move(task.Fresh, task.Ready)
	return n
}

// pending returns a node that nobody has accepted.
func pending(ctx context.Context, job task.Job) *task.Node {
	n := &task.Node{}
	n.Init(&task.Ctx{}, ctx, job)
	return n
}

// All who would start or end one pending node race; exactly one may win.
func TestOneWinsTheNode(t *testing.T) {
	for range 300 {
		c := &counter{}
		n := accepted(t.Context(), c)
		var won, claimed atomic.Int32
		start := make(chan struct{})
		var wg sync.WaitGroup
		for _, try := range []func() bool{
			func() bool {
				if !n.Claim() {
					return false
				}
				claimed.Add(1)
				return true
			},
			func() bool { return n.Abandon(errWhy) },
			func() bool { return n.Cancel(errWhy) },
			func() bool { n.Context().Done(); return false },
		} {
			for range 4 {
				wg.Go(func() {
					<-start
					if try() {
						won.Add(1)
					}
				})
			}
		}
		close(start)
		wg.Wait()
		require.Equal(t, int32(1), won.Load())
		require.Equal(t, 1-claimed.Load(), c.abandoned.Load())
		require.Equal(t, c.abandoned.Load(), c.dropped.Load())
		if claimed.Load() == 1 {
			require.Equal(t, task.Claimed, n.State())
			n.End()
		}
		require.True(t, n.State().Over())
		require.Error(t, n.Context().Err())
	}
}

// However End and the first use of the context interleave, the context ends and one channel is seen
// by all.
func TestEndRacesWithDone(t *testing.T) {
	for range 300 {
		n := pending(context.Background(), &counter{})
		n.Claim()
		ctx := n.Context()
		dones := make([]<-chan struct{}, 4)
		var wg sync.WaitGroup
		for i := range dones {
			wg.Go(func() { dones[i] = ctx.Done() })
		}
		wg.Go(n.End)
		wg.Wait()
		for _, done := range dones {
			require.Equal(t, dones[0], done)
			<-done
		}
	}
}

// asked is a context that calls hook when it is asked for its end.
type asked struct {
	context.Context
	hook func()
}

func (c *asked) Done() <-chan struct{} {
	if hook := c.hook; hook != nil {
		c.hook = nil
		hook()
	}
	return c.Context.Done()
}

// A task that outlives the one around it may end at any moment of a Cancel, as in Close: its
// context lets go of the one around it then.
func TestEndInTheMiddleOfCancel(t *testing.T) {
	root := &asked{Context: t.Context()}
	outer := pending(root, &counter{})
	outer.Claim()
	inner := pending(outer.Context(), &counter{})
	inner.Claim()
	ctx := inner.Context()
	outer.End()
	root.hook = inner.End
	require.False(t, inner.Cancel(errWhy))
	require.Nil(t, root.hook, "it has been asked")
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	<-ctx.Done()
}

func TestAbandonWithoutAnOwner(t *testing.T) {
	c := &counter{}
	n := pending(t.Context(), c)
	require.True(t, n.Abandon(errWhy))
	require.False(t, n.Abandon(errWhy))
	require.False(t, n.TryAbandon(errWhy))
	require.False(t, n.Claim())
	require.Equal(t, int32(1), c.abandoned.Load())
}

func TestCancelOfAStartedNode(t *testing.T) {
	n := pending(t.Context(), &counter{})
	require.True(t, n.Claim())
	require.False(t, n.Cancel(errWhy))
	ctx := n.Context()
	require.Equal(t, context.Canceled, ctx.Err())
	require.Equal(t, errWhy, context.Cause(ctx))
	n.End()
	require.Equal(t, errWhy, context.Cause(ctx), "the first cause stays")
}

func TestWithinFindsTheOwnersUnfinishedTask(t *testing.T) {
	a, b := &counter{}, &counter{}
	outer := accepted(t.Context(), a)
	inner := accepted(outer.Context(), b)
	ctx := inner.Context()
	require.Nil(t, task.Enclosing(ctx), "neither has started")
	outer.Claim()
	require.Same(t, outer, task.Enclosing(ctx))
	inner.Claim()
	require.Same(t, inner, task.Enclosing(ctx))
	require.Same(t, outer, task.Within(ctx, a))
	require.Same(t, inner, task.Within(ctx, b))
	inner.End()
	outer.End()
	require.Nil(t, task.Within(ctx, a))
	require.Nil(t, task.Within(t.Context(), a))
}

// noded is a Job with a node of its own.
type noded struct {
	counter
	node task.Node
}

func (j *noded) Node() *task.Node { return &j.node }

func TestOf(t *testing.T) {
	j := &noded{}
	j.node.Init(&task.Ctx{}, t.Context(), j)
	require.Same(t, &j.node, task.Of(j.node.Context(), j), "under its own context, its own node")
	below := context.WithValue(j.node.Context(), errWhy, 1)
	require.NotSame(t, &j.node, task.Of(below, j))
	other := &counter{}
	require.NotSame(t, &j.node, task.Of(j.node.Context(), other))
}

func TestPark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, task.Park(t.Context(), func(resume func()) { resume(); resume() }), "inside arm, twice")
		require.NoError(t, task.Park(t.Context(), func(resume func()) { time.AfterFunc(time.Hour, resume) }))
		for range 1000 { // a choice by chance would show
			ctx, cancel := context.WithCancel(t.Context())
			resumed := task.Park(ctx, func(resume func()) { go func() { resume(); cancel() }() })
			require.NoError(t, resumed, "resumed before the end")
		}
		for range 100 { // a choice by chance would show
			ctx, cancel := context.WithCancel(t.Context())
			require.NoError(t, task.Park(ctx, func(resume func()) {
				go func() { resume(); cancel() }()
				synctest.Wait()
			}), "resumed before the end")
		}

		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errWhy)
		defer cancel()
		var late func()
		require.Equal(t, errWhy, task.Park(ctx, func(resume func()) { late = resume }))
		late()
		require.NoError(t, task.Park(ctx, func(resume func()) { resume() }), "resumed wins over an ended ctx")
	})
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, task.Sleep(context.Background(), time.Minute))
		require.NoError(t, task.Sleep(t.Context(), time.Minute))
		require.NoError(t, task.Sleep(t.Context(), -1))
		require.Equal(t, 2*time.Minute, time.Since(start))

		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errWhy)
		defer cancel()
		require.Equal(t, errWhy, task.Sleep(ctx, time.Hour))
		require.Equal(t, errWhy, task.Sleep(ctx, -1), "an ended ctx is told even by no sleep")
		require.Equal(t, 2*time.Minute+time.Second, time.Since(start))
	})
}
