package intake

import (
	"context"
	"errors"
	"runtime/trace"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// errNoRoom: the submitter is to wait. It never leaves this package: waitForRoom turns it into a
// wait.
var errNoRoom = errors.New("intake: no room")

// Submit accepts t under ctx or refuses it. It waits for room as far as ctx allows.
func (in *Intake) Submit(ctx context.Context, t quartet.Task) error {
	return in.SubmitNode(task.Of(ctx, t))
}

// SubmitNode is Submit for a node with its level and turnstile, whose context's end bounds the wait
// for room.
func (in *Intake) SubmitNode(n *task.Node) error { return in.submit(n, in.cfg.Full) }

// TrySubmitNode is SubmitNode that never waits.
func (in *Intake) TrySubmitNode(n *task.Node) error { return in.submit(n, Reject) }

// TrySubmitWatched is TrySubmitNode for a submitter that abandons n itself when its context ends.
// It saves a registration at the context where the submitting goroutine waits for its end in any
// case, as that of an HTTP request does. It does not go by the lane, from which a node cannot be
// taken out cheaply.
func (in *Intake) TrySubmitWatched(n *task.Node) error {
	in.Label(n)
	within := task.Within(n.Submitter(), in)
	in.Lock()
	defer in.Commit()
	return in.admitLocked(n, within, Reject)
}

// exempt stands beside the ways of [quartet.Saturation]: the submit needs no room.
const exempt = DropOldest + 1

// SubmitExempt accepts n without asking for room, and so without waiting: for an executor whose
// waiting tasks cannot lend to every queued one, so that a wait for room could be one for ever.
func (in *Intake) SubmitExempt(n *task.Node) error { return in.submit(n, exempt) }

// Three ways lead in: the lane, without the lock; admitLocked; and waitForRoom, on errNoRoom. The
// end of the context is watched only from here on, after the unlock, as context.AfterFunc may run
// user code. If it has ended before, the watch finds that at once.
func (in *Intake) submit(n *task.Node, full quartet.Saturation) error {
	in.Label(n)
	if full != exempt && in.pushNode(n) {
		return nil
	}
	within := task.Within(n.Submitter(), in)
	in.Lock()
	err := in.admitLocked(n, within, full)
	watched := err == nil && in.needsWatchLocked(n)
	in.Commit()
	switch {
	case err == errNoRoom:
		return in.waitForRoom(n, within)
	case watched:
		in.watch(n)
	}
	return err
}

// Label names n where somebody looks. It is called before the node is handed over. It asks a
// context, whose Value may be the user's, and so comes before the lock.
func (in *Intake) Label(n *task.Node) {
	if in.cfg.Named || in.observers.Load() != nil || trace.IsEnabled() {
		n.Name(task.LabelOf(n.Parent()))
	}
}

// needsWatchLocked reports whether the end of an accepted node's context has to be watched.
func (in *Intake) needsWatchLocked(n *task.Node) bool {
	return in.queuedHereLocked(n) && !in.startsSoonLocked(n)
}

// refusedLocked is why n is refused whatever the room; nil: it is not. A ctx that has ended gives
// its cause also at a closed executor.
func (in *Intake) refusedLocked(n, within *task.Node) error {
	if parent := n.Parent(); parent.Err() != nil {
		return context.Cause(parent)
	}
	if in.phase == closed || in.phase == draining && within == nil {
		return quartet.ErrClosed
	}
	return nil
}

// admitLocked accepts n, or says why not. errNoRoom: its submitter is to wait. On an error nothing
// of n stays here: the turnstile of its key is dropped again if nobody else uses it. Only a refusal
// is counted, and errNoRoom is none yet.
func (in *Intake) admitLocked(n, within *task.Node, full quartet.Saturation) error {
	err := in.refusedLocked(n, within)
	if err == nil {
		if within == nil {
			in.submittedLocked()
		}
		in.takePlaceLocked(n)
		if err = in.makeRoomLocked(n, within, full); err == nil {
			err = in.acceptLocked(n)
		} else {
			forgetKeyLocked(n.Stile)
		}
	}
	if err != nil && err != errNoRoom {
		in.stats.Rejected++
	}
	return err
}

// makeRoomLocked finds room for n as full says, or says why there is none. errNoRoom: its submitter
// is to wait. A submit that finds room must still not overtake those who wait at the door for it:
// before asks that. With DropOldest nobody waits at the door, so the question of room alone
// decides.
func (in *Intake) makeRoomLocked(n, within *task.Node, full quartet.Saturation) error {
	stile := in.fullLocked(n, true)
	switch {
	case full == exempt:
		return nil
	case within == nil && in.lateLocked(n):
		return quartet.ErrSaturated
	case stile == nil && in.roomLocked(n, within != nil) && !in.door.before(n.Level, within),
		full == DropOldest && in.discardLocked(n, stile):
		return nil
	case full == Wait:
		return errNoRoom
	default:
		return quartet.ErrSaturated
	}
}

// roomLocked reports whether n may be accepted now. inside: n is submitted by a task of this
// executor, which InFlight does not bound. Free slots are added to Queue: a task that starts at
// once takes no place in it.
func (in *Intake) roomLocked(n *task.Node, inside bool) bool {
	switch {
	case in.cfg.NoQueue && in.LenLocked() >= in.cfg.Free():
		return false
	case in.cfg.Queue > 0 && in.backlogLocked() >= in.cfg.Queue+in.cfg.Free():
		return false
	}
	return inside || in.inFlightLocked() < in.cfg.InFlight
}

// It counts all that were accepted and have not ended, wherever they are: in the lists, in the
// lane, or in a seat.
func (in *Intake) inFlightLocked() int {
	return int(in.stats.Queued+in.stats.Running+in.stats.Waiting) + in.lane.UnfinishedLocked() + in.seatedLocked()
}

// queuedLocked is how many nodes wait for their start. LenLocked counts the lane too, so its
// entries are taken off again.
func (in *Intake) queuedLocked() int { return in.LenLocked() - in.lane.Len() + in.held.Len() }

// backlogLocked is how many nodes and leaves wait for their start.
func (in *Intake) backlogLocked() int { return in.queuedLocked() + in.lane.Len() }

// acceptLocked accepts n, which stands before its turnstiles, unless it has been cancelled
// meanwhile. The node settles before it is queued: once its state says that it is, a Cancel from
// another goroutine asks the node's owner to drop it. If the cancellation came first, the node is
// not accepted, and the submit returns the cause.
func (in *Intake) acceptLocked(n *task.Node) error {
	if n.Is(task.Leaf) && in.pushLeafLocked(n) {
		return nil
	}
	in.promiseLocked(n)
	n.Settle(&in.home)
	if !in.enqueueNewLocked(n) {
		delete(in.punctual.due, n)
		in.givePlacesLocked(n)
		return context.Cause(n.Context())
	}
	in.countLocked(n)
	in.stats.Queued++
	in.stepLocked(quartet.EventQueued, n, n.Stamp)
	return nil
}

// countLocked gives an accepted node its number, and its stamp if it is to be timed. RejectLate
// judges by run times, so it needs those of all nodes. The sample goes by the number of accepted
// nodes, so it is the same in each run.
func (in *Intake) countLocked(n *task.Node) {
	if in.cfg.ExactTimes || in.cfg.RejectLate || in.observers.Load() != nil || in.stats.Submitted%sampleEvery == 0 {
		n.Stamp = in.now()
	}
	in.numberLocked(n)
}

// numberLocked counts an accepted node. The number is also the order of acceptance: Tasks and
// Oldest sort by it, and the lane's place in the queue is found by it. A node with Seq 0 is not in
// the numbers yet.
func (in *Intake) numberLocked(n *task.Node) {
	in.stats.Submitted++
	in.pending++
	n.Seq = in.stats.Submitted
}
