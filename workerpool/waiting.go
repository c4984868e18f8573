package workerpool

import (
	"context"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// run is a node of the pool as the Model of its own task: a task that waits lends its slot, and takes one again before
// it goes on. The goroutine stays blocked meanwhile, which costs its stack and no slot.
type run task.Node

var (
	_ quartet.Model = (*run)(nil)
	_ task.Helper   = (*run)(nil)
)

// returning is a task whose wait is over, and that needs a slot.
type returning struct {
	node *task.Node
	slot chan struct{}
}

// admit is locked: the slot is counted already.
func (r *returning) admit(p *Pool) {
	intake.ComeBack(r.node, -1)
	p.in.SetWaiting(r.node, false)
	close(r.slot)
}

func (r *run) pool() *Pool { return r.Host.(*Pool) }

func (r *run) Executor() quartet.Executor { return r.pool() }

// Suspend lends the task's slot while it waits.
func (r *run) Suspend(ctx context.Context, arm func(resume func())) error {
	return r.lending(nil, func() error { return task.Park(ctx, arm) })
}

// AwaitTask is Suspend that lends the slot to the awaited task first, when that is queued here: a pool of one worker
// computes a recursive fan-out depth first, with a queue as short as the tree is deep.
func (r *run) AwaitTask(ctx context.Context, awaited task.Awaited) error {
	return r.lending(awaited.Node(), func() error { return awaited.Wait(ctx) })
}

// lending runs wait with the task's slot lent, first to the task that is waited for, if any.
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

// lend gives the task's slot away. It reports false when the task has none to give: it has ended or is waiting already,
// so that the caller is a foreign goroutine, which just blocks. One that waits
// for what its own key holds up would wait for ever.
func (r *run) lend(to *task.Node) (lent bool, err error) {
	p, n := r.pool(), (*task.Node)(r)
	p.in.Lock()
	defer p.in.Unlock()
	if n.State() != task.Started || n.Waiting {
		return false, nil
	}
	if to != nil && p.in.SameKey(n, to) {
		return false, quartet.ErrDeadlock
	}
	p.in.SetWaiting(n, true)
	p.slots--
	if to != nil && to.Level <= n.Level && p.in.Take(to) {
		p.start(to)
	}
	p.in.MakeRoom() // a free slot is room: what is queued may all be held back by a key
	p.dispatch()
	return true, nil
}

// takeBack waits for a slot. A task that ended meanwhile, in whose name a foreign goroutine had lent, needs none.
func (r *run) takeBack() {
	p, n := r.pool(), (*task.Node)(r)
	p.in.Lock()
	if !n.Waiting || p.goOn(n) {
		p.in.Unlock()
		return
	}
	back := p.comeBack(n)
	p.dispatch()
	p.in.Unlock()
	<-back.slot
}

// goOn is locked: it takes a slot for n, which has waited, if there is one and nobody has come back before.
func (p *Pool) goOn(n *task.Node) bool {
	if p.slots >= p.cfg.Workers || len(p.returning) > 0 || !intake.HasPlace(n) {
		return false
	}
	p.slots++
	p.in.SetWaiting(n, false)
	return true
}

// comeBack is locked: n, which has waited, goes on when it is its turn for a slot.
func (p *Pool) comeBack(n *task.Node) *returning {
	intake.ComeBack(n, 1)
	back := &returning{n, make(chan struct{})}
	p.returning = append(p.returning, back)
	return back
}

// nextReturning is locked: the index of the first task that may go on after its wait when there is a slot; -1: none.
func (p *Pool) nextReturning() int {
	return slices.IndexFunc(p.returning, func(r *returning) bool { return intake.HasPlace(r.node) })
}

// forgetReturning is locked: n has ended, and a goroutine that waits for a slot in its name needs none.
func (p *Pool) forgetReturning(n *task.Node) {
	for i, back := range p.returning {
		if back.node == n {
			intake.ComeBack(n, -1)
			close(back.slot)
			p.returning = append(p.returning[:i], p.returning[i+1:]...)
			return
		}
	}
}

// Sleep keeps the slot: a worker that blocks is what a pool is.
func (r *run) Sleep(ctx context.Context, d time.Duration) error { return task.Sleep(ctx, d) }

// Block keeps the slot, and runs fn on the worker.
func (r *run) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fn()
	return nil
}

// Yield lets the oldest queued task run first.
func (r *run) Yield(context.Context) {
	p, n := r.pool(), (*task.Node)(r)
	p.in.Lock()
	if n.State() != task.Started || n.Waiting || p.in.Len() == 0 && len(p.returning) == 0 {
		p.in.Unlock()
		return
	}
	p.in.SetWaiting(n, true)
	p.slots--
	if next := p.in.Pop(); next != nil {
		p.start(next)
	}
	back := p.comeBack(n)
	p.dispatch()
	p.in.Unlock()
	<-back.slot
}
