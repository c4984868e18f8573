package workerpool

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// run is a node of the pool as the Model of its own task: a task that waits lends its slot, and
// takes one again before it goes on. The goroutine stays blocked meanwhile, which costs its stack
// and no slot. Its methods run on the task's own goroutine, or on a foreign one that has the task's
// ctx; lend tells them apart by the task's state.
type run task.Node

var (
	_ quartet.Model  = (*run)(nil)
	_ task.Helper    = (*run)(nil)
	_ task.KeyHolder = (*run)(nil)
	_ quartet.Lender = (*run)(nil)
)

func (r *run) pool() *Pool { return (*task.Node)(r).Host().(*Pool) }

func (r *run) Executor() quartet.Executor { return r.pool() }

// Suspend lends the task's slot while it waits. Under a Clock the wait is in the clock's time, and
// the goroutine gives its turn away.
func (r *run) Suspend(ctx context.Context, arm func(resume func())) error {
	return r.lending(nil, func() error {
		if c := r.pool().cfg.Clock; c != nil {
			return c.suspend(ctx, arm)
		}
		return task.Park(ctx, arm)
	})
}

// AwaitTask is Suspend that lends the slot to the awaited task first, when that is queued here: a
// pool of one worker computes a recursive fan-out depth first, with a queue as short as the tree is
// deep.
func (r *run) AwaitTask(ctx context.Context, awaited task.Awaited) error {
	return r.lending(awaited.Node(), func() error {
		if c := r.pool().cfg.Clock; c != nil {
			return c.await(ctx, awaited)
		}
		return awaited.Wait(ctx)
	})
}

// lending runs wait with the task's slot lent, first to the task that is waited for, if any.
// takeBack is deferred, so that a task whose wait ends by a panic or Goexit has its slot when its
// deferred calls run.
func (r *run) lending(to *task.Node, wait func() error) error {
	lent, err := r.lend(to)
	if err != nil {
		return err
	}
	if lent {
		defer r.takeBack()
	}
	return wait()
}

// lend gives the task's slot away. It reports false when the task has none to give: it has ended or
// is waiting already, so that the caller is a foreign goroutine, which just blocks. One that waits
// for what its own key holds up would wait for ever.
func (r *run) lend(to *task.Node) (lent bool, err error) {
	p, n := r.pool(), (*task.Node)(r)
	p.in.Lock()
	switch {
	case !runs(n):
	case to != nil && p.in.SameKeyLocked(n, to):
		err = quartet.ErrDeadlock
	default:
		lent = true
		p.lendLocked(n, to)
	}
	p.in.Commit()
	return lent, err
}

// runs reports whether n has started and does not wait.
func runs(n *task.Node) bool { return n.State() == task.Running || n.State() == task.Claimed }

// The awaited task starts before its elders, which clause 5 of the contract allows: otherwise a
// fan-out on one worker would queue all of a level before it ends one. The slot goes to the awaited
// task if that is queued, in the same section, so that nobody takes it in between.
func (p *Pool) lendLocked(n, to *task.Node) {
	p.in.SuspendLocked(n)
	p.slots--
	if to != nil && to.Level <= n.Level && p.in.TakeLocked(to) {
		p.startLocked(to)
	}
	p.in.MakeRoomLocked() // a free slot is room: what is queued may all be held back by a key
	p.dispatchLocked()
}

// HoldsKey implements task.KeyHolder.
func (r *run) HoldsKey() bool { return r.Stile != nil && r.Stile.Key != nil }

// Holds implements task.KeyHolder.
func (r *run) Holds(n *task.Node) bool {
	p := r.pool()
	p.in.Lock()
	defer p.in.Unlock()
	return p.in.SameKeyLocked((*task.Node)(r), n)
}

// takeBack waits for a slot. A task that ended meanwhile, in whose name a foreign goroutine had
// lent, needs none. The goroutine waits without the lock, in the order in which tasks came back. A
// task that is the first to come back, with a slot free, goes on without a switch.
func (r *run) takeBack() {
	p, n := r.pool(), (*task.Node)(r)
	p.in.Lock()
	var back *returning
	if n.State() == task.Waiting && !p.goOnLocked(n) {
		back = p.comeBackLocked(n)
		p.dispatchLocked()
	}
	p.in.Commit()
	if back != nil {
		back.wait(p)
	}
}

// goOnLocked takes a slot for n, which has waited, if there is one and nobody has come back before.
// Tasks of a limit need their place there, too.
func (p *Pool) goOnLocked(n *task.Node) bool {
	if p.slotsLocked() >= p.cfg.Workers || p.returning.Len() > 0 || !p.in.RegainLocked(n) {
		return false
	}
	p.slots++
	p.in.ResumeLocked(n)
	return true
}

// Sleep keeps the slot: a worker that blocks is what a pool is.
func (r *run) Sleep(ctx context.Context, d time.Duration) error {
	if c := r.pool().cfg.Clock; c != nil {
		return c.sleep(ctx, d)
	}
	return task.Sleep(ctx, d)
}

// Block keeps the slot, and runs fn on the worker.
func (r *run) Block(ctx context.Context, fn func()) error {
	if c := r.pool().cfg.Clock; c != nil {
		return c.block(ctx, fn)
	}
	return task.Block(ctx, fn)
}

// Lend lends the slot while fn blocks the worker's goroutine.
func (r *run) Lend(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.lending(nil, func() error {
		if c := r.pool().cfg.Clock; c != nil {
			return c.block(context.WithoutCancel(ctx), fn)
		}
		fn()
		return nil
	})
}

// Yield lets the oldest queued task run first. It is a wait that ends at once, behind the tasks
// that have come back before. Without anybody to let in it does nothing.
func (r *run) Yield(context.Context) {
	p, n := r.pool(), (*task.Node)(r)
	p.in.Lock()
	if !runs(n) || p.in.LenLocked() == 0 && p.returning.Len() == 0 {
		p.in.Unlock()
		return
	}
	p.in.SuspendLocked(n)
	p.slots--
	if next := p.in.PopLocked(); next != nil {
		p.startLocked(next)
	}
	back := p.comeBackLocked(n)
	p.dispatchLocked()
	p.in.Commit()
	back.wait(p)
}
