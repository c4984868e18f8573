package intake

import (
	"context"
	"log/slog"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Draining is locked: a shutdown has begun.
func (in *Intake) Draining() bool { return in.phase != open }

// Drained is locked: a shutdown has begun, and all that was accepted has ended.
func (in *Intake) Drained() bool { return in.phase != open && in.pending == 0 && in.fast.len() == 0 }

// Hold is locked: there is one thing more, besides nodes, that a stop waits for.
func (in *Intake) Hold() { in.pending++ }

// Release is locked: it takes n Holds back.
func (in *Intake) Release(n int) {
	in.pending -= n
	in.wakeDrained()
}

// Unfinished is locked: how many nodes have been accepted and have not ended.
func (in *Intake) Unfinished() int { return in.inFlight() }

// CancelStarted cancels the contexts of the nodes that have started.
func (in *Intake) CancelStarted(cause error) {
	for _, n := range in.unfinished() {
		if n.State() == task.Started {
			n.Cancel(cause)
		}
	}
}

func (in *Intake) unfinished() []*task.Node {
	in.Lock()
	defer in.Unlock()
	nodes := make([]*task.Node, 0, in.live.Len())
	for n := range in.live.All() {
		nodes = append(nodes, n)
	}
	return nodes
}

// wakeDrained is locked: it wakes those who wait in Shutdown and Close, when there is nothing left to wait for.
func (in *Intake) wakeDrained() {
	if in.Drained() {
		in.after = append(in.after, in.wakers...)
		in.wakers, in.fresh = nil, true
	}
}

// Drain begins the shutdown and waits as far as ctx allows; see quartet.Executor's Shutdown.
func (in *Intake) Drain(ctx context.Context) error {
	inside := task.Within(ctx, in) != nil
	in.refuseNew(draining)
	if inside {
		return quartet.ErrInside
	}
	if err := in.waitDrained(ctx); err != nil {
		in.Cancel()
		return err
	}
	return nil
}

// CancelAndWait is Close without the executor's own part.
func (in *Intake) CancelAndWait() {
	in.Cancel()
	warning := time.AfterFunc(in.cfg.CloseWarning, func() { in.Warn("Close") })
	defer warning.Stop()
	_ = in.waitDrained(context.Background())
}

// Warn logs what the call still waits for.
func (in *Intake) Warn(call string) {
	s := in.Stats()
	args := append([]any{"running", s.Running, "waiting", s.Waiting, "queued", s.Queued}, in.cfg.Blockers()...)
	slog.Warn(in.cfg.Name+": "+call+" still waits", args...)
}

// Oldest returns the nodes that have started and not ended, the oldest first, at most so many.
func (in *Intake) Oldest(most int) []*task.Node {
	in.Lock()
	defer in.Unlock()
	var nodes []*task.Node
	for n := range in.live.All() {
		if len(nodes) == most {
			break
		}
		if n.State() == task.Started {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// Cancel refuses all new work, abandons what is queued and cancels the context of what has started.
func (in *Intake) Cancel() {
	in.refuseNew(closed)
	in.dropLeaves()
	nodes := in.unfinished()
	for _, n := range nodes { // first, so that none starts where a cancelled one has just ended
		n.Abandon(quartet.ErrClosed)
	}
	for _, n := range nodes {
		n.Cancel(quartet.ErrClosed)
	}
}

// dropLeaves forgets the queued leaves, who have nobody to be told.
func (in *Intake) dropLeaves() {
	in.Lock()
	defer in.Unlock()
	for n := range in.level(Normal).All() {
		if n.Leaf {
			in.dropLeaf(n)
		}
	}
	for in.dropFast() {
	}
	in.wakeDrained()
}

// dropLeaf is locked.
func (in *Intake) dropLeaf(n *task.Node) {
	in.abandoned(n)
	in.leave(n)
}

func (in *Intake) refuseNew(p phase) {
	in.Lock()
	in.phase = max(in.phase, p)
	in.setGate() // first, so that what is empty stays so
	in.refuse(outside)
	if in.phase == closed {
		in.refuse(inside)
	}
	if in.resting != nil {
		in.forget(in.resting)
	}
	in.wakeDrained()
	in.Unlock()
}

// waitDrained waits as ctx's model waits; the end of the work wins over the end of ctx.
func (in *Intake) waitDrained(ctx context.Context) error {
	for {
		in.Lock()
		drained := in.Drained()
		in.Unlock()
		if drained {
			return nil
		}
		if err := quartet.Suspend(ctx, in.armDrained); err != nil {
			return err
		}
	}
}

func (in *Intake) armDrained(resume func()) {
	in.Lock()
	defer in.Unlock()
	in.wakers = append(in.wakers, resume)
	in.wakeDrained()
}
