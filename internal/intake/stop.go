package intake

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// DrainingLocked: a shutdown has begun.
func (in *Intake) DrainingLocked() bool { return in.phase != open }

// DrainedLocked: a shutdown has begun, and all that was accepted has ended. pending alone is not
// enough: nodes of the lane and calls in seats are not counted in it.
func (in *Intake) DrainedLocked() bool {
	return in.phase != open && in.pending == 0 && in.lane.Len() == 0 && in.seatedLocked() == 0
}

// HoldLocked: a stop waits for one thing more, a node or a callback.
func (in *Intake) HoldLocked() { in.pending++ }

// ReleaseLocked takes n holds back. Nothing else lowers pending, so that whoever lowers it to zero
// also wakes the stop that waits for zero. Whoever drops the last hold must call Commit or run the
// effects, or Shutdown waits for ever.
func (in *Intake) ReleaseLocked(n int) {
	in.pending -= n
	in.wakeDrainedLocked()
}

// UnfinishedLocked is how many nodes have been accepted and have not ended.
func (in *Intake) UnfinishedLocked() int { return in.inFlightLocked() }

// CancelStarted cancels the contexts of the nodes that have started. Without the lock, since a
// cancellation runs callbacks of the user's. A node that starts meanwhile may be missed: the caller
// has to look again. The nodes are copied under the lock, so that Cancel runs without it.
func (in *Intake) CancelStarted(cause error) {
	for _, n := range in.unfinished() {
		if n.State().Started() {
			n.Cancel(cause)
		}
	}
}

// unfinished returns all accepted nodes but leaves.
//
// Leaves are left out: they have neither a context nor anybody to be told.
func (in *Intake) unfinished() []*task.Node {
	in.Lock()
	defer in.Commit()
	in.spillLocked()
	in.adoptAllLocked()
	var nodes []*task.Node
	for _, l := range []*task.List{&in.queues[0], &in.queues[1], &in.queues[2], &in.held, &in.started, &in.waiting} {
		for n := range l.All() {
			if !n.Is(task.Leaf) {
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// wakeDrainedLocked wakes those who wait in Shutdown and Close, when there is nothing left to wait
// for. fresh is set for the executor's own end: its Ready hook is called once more.
func (in *Intake) wakeDrainedLocked() {
	if in.DrainedLocked() {
		for _, wake := range in.wakers {
			in.AfterLocked(wake)
		}
		in.wakers, in.fresh = nil, true
	}
}

// Refuse begins the shutdown, and does not wait.
func (in *Intake) Refuse() { in.refuseNew(draining) }

// Drain begins the shutdown and waits as far as ctx allows; see quartet.Executor's Shutdown. From
// inside, Within tells: a task that waited for its own end would wait for ever.
func (in *Intake) Drain(ctx context.Context) error {
	if ctx == nil {
		panic(in.cfg.Package + ": Shutdown with a nil Context")
	}
	inside := task.Within(ctx, in) != nil
	in.Refuse()
	if inside {
		return quartet.ErrInside
	}
	if err := in.waitDrained(ctx); err != nil {
		in.Cancel()
		return err
	}
	return nil
}

// CancelAndWait is Close without the executor's own part. It waits with a background context: Close
// has no limit, only a warning. The warning is a real timer, also under a virtual clock: it is for
// people.
func (in *Intake) CancelAndWait() {
	in.Cancel()
	warning := time.AfterFunc(in.cfg.CloseWarning, func() { in.Warn("Close") })
	defer warning.Stop()
	_ = in.waitDrained(context.Background())
}

// Warn logs what the call still waits for.
func (in *Intake) Warn(call string) {
	s := in.Stats()
	args := append([]any{"executor", in.cfg.Name, "running", s.Running, "waiting", s.Waiting, "queued", s.Queued},
		in.cfg.Blockers()...)
	in.Logger().Warn(in.cfg.Package+": "+call+" still waits", args...)
}

// Oldest returns the nodes that have started and not ended, the oldest first, at most so many.
func (in *Intake) Oldest(most int) []*task.Node {
	nodes := slices.DeleteFunc(in.unfinished(), func(n *task.Node) bool { return !n.State().Started() })
	slices.SortFunc(nodes, func(a, b *task.Node) int { return cmp.Compare(a.Seq, b.Seq) })
	return nodes[:min(most, len(nodes))]
}

// Cancel refuses all new work, abandons queued tasks and cancels the contexts of started ones.
// Idempotent: a second call finds what the first has left, which are nodes that still run.
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

// dropLeaves forgets the queued leaves, who have nobody to be told. In one section, since no user
// code runs: leaves have no Abandon.
func (in *Intake) dropLeaves() {
	in.Lock()
	in.spillLocked()
	for n := range in.levelLocked(Normal).All() {
		if n.Is(task.Leaf) {
			in.dropLeafLocked(n)
		}
	}
	in.wakeDrainedLocked()
	in.Commit()
}

func (in *Intake) dropLeafLocked(n *task.Node) {
	in.abandonedLocked(n)
	in.leaveLocked(n)
}

// The order matters. stopping is set first, for calls and consumers that begin without the lock.
// Then, under the lock, the ways that take none are shut, and only then are submitters turned away:
// none of them can come in by another way.
//
// A drain leaves those inside at the door: what they belong to has been accepted.
func (in *Intake) refuseNew(p phase) {
	in.stopping.Store(true)
	in.Lock()
	in.phase = max(in.phase, p)
	in.setNestedLocked()
	in.setGateLocked() // first, so that what is empty stays so
	in.turnAwayLocked(outside)
	if in.phase == closed {
		in.turnAwayLocked(inside)
	}
	in.endRestLocked()
	in.wakeDrainedLocked()
	in.Commit()
}

// waitDrained waits as ctx's model waits; the end of the work wins over the end of ctx. It looks
// again after each wake-up, since a task of the executor may submit another one while it ends.
func (in *Intake) waitDrained(ctx context.Context) error {
	for {
		in.Lock()
		drained := in.DrainedLocked()
		in.Unlock()
		if drained {
			return nil
		}
		if err := quartet.Suspend(ctx, in.armDrained); err != nil {
			return err
		}
	}
}

// It looks after it has added itself: a task that ended in between woke nobody. A wait that its ctx
// has ended leaves its resume in wakers, where it does nothing.
func (in *Intake) armDrained(resume func()) {
	in.Lock()
	in.wakers = append(in.wakers, resume)
	in.wakeDrainedLocked()
	in.Commit()
}
