package natspool

import (
	"context"
	"runtime"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// jobModel is the Model of a call that runs in this process: the executor's own, which also lends
// the node's slot, so that a node with one slot computes a recursive fan-out. Current is the
// cluster.
type jobModel struct {
	quartet.Model
	job *job
}

var _ task.Helper = (*jobModel)(nil)

// withModel returns the ctx that the function gets. The executor's own model stays underneath: how
// a goroutine waits is its affair.
func (j *job) withModel(ctx context.Context) context.Context {
	m, ok := ctx.Value(task.ModelKey).(quartet.Model)
	if !ok {
		m = plain{j.node.ex}
	}
	return quartet.WithModel(ctx, &jobModel{m, j})
}

// Executor implements quartet.Model.
func (m *jobModel) Executor() quartet.Executor { return nested{m.job.node.own} }

// Suspend implements quartet.Model.
func (m *jobModel) Suspend(ctx context.Context, arm func(resume func())) error {
	m.job.lend()
	defer m.job.takeBack()
	return m.Model.Suspend(ctx, arm)
}

// AwaitTask implements task.Helper. The slot is lent around the executor's wait, so a call that
// this node's function awaits can run here.
func (m *jobModel) AwaitTask(ctx context.Context, awaited task.Awaited) error {
	m.job.lend()
	defer m.job.takeBack()
	if h, ok := m.Model.(task.Helper); ok {
		return h.AwaitTask(ctx, awaited)
	}
	l := &listener{}
	hook := &task.Hook{Listener: l}
	err := m.Model.Suspend(ctx, func(resume func()) {
		l.resume = resume
		awaited.Tell(hook)
	})
	if err != nil {
		awaited.Forget(hook)
	}
	return err
}

// Lend implements quartet.Lender.
func (m *jobModel) Lend(ctx context.Context, fn func()) error {
	m.job.lend()
	defer m.job.takeBack()
	if l, ok := m.Model.(quartet.Lender); ok {
		return l.Lend(ctx, fn)
	}
	return m.Block(ctx, fn)
}

// listener resumes the goroutine that waits for a future.
type listener struct{ resume func() }

// Ended implements task.Listener.
func (l *listener) Ended() { l.resume() }

// lend gives the slot away. A second goroutine of the call that waits too lends nothing.
func (j *job) lend() { j.setWaits(true) }

// takeBack takes the slot again, also where that is one too many for a while: the executor's own
// limit holds.
func (j *job) takeBack() { j.setWaits(false) }

// n.nudge has the node ask for a call more at once.
func (j *job) setWaits(waits bool) {
	n := j.node
	n.mu.Lock()
	defer n.mu.Unlock()
	if j.stage != running || j.waits == waits {
		return
	}
	j.waits = waits
	if waits {
		n.waiting++
		n.active--
		n.starts.give()
		n.nudge()
	} else {
		n.waiting--
		n.active++
		n.starts.take()
	}
}

// plain is the Model of an executor that puts none into the context: a goroutine that just blocks.
type plain struct{ ex quartet.Executor }

// Suspend implements quartet.Model.
func (plain) Suspend(ctx context.Context, arm func(resume func())) error { return task.Park(ctx, arm) }

// Sleep implements quartet.Model.
func (plain) Sleep(ctx context.Context, d time.Duration) error { return task.Sleep(ctx, d) }

// Block implements quartet.Model.
func (plain) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fn()
	return nil
}

// Yield implements quartet.Model.
func (plain) Yield(context.Context) { runtime.Gosched() }

// Executor implements quartet.Model.
func (m plain) Executor() quartet.Executor { return m.ex }

// nested is the cluster as a call on a node sees it: the node's own pool, which no call can stop.
type nested struct{ *Pool }

// Shutdown returns [quartet.ErrInside]: the pool is the node's.
func (nested) Shutdown(context.Context) error { return quartet.ErrInside }

// Close returns [quartet.ErrInside]: the pool is the node's.
func (nested) Close() error { return quartet.ErrInside }
