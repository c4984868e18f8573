package intake

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// smallQueue is below what size a queue's room is given away one by one.
const smallQueue = 64

// patience is how long blocked submitters wait for a larger queue to drain to half. A queue that
// has not drained by then holds slow tasks, and beside those a wake-up of a submitter for each
// costs nothing.
const patience = time.Millisecond

// waitForRoom waits as the submitter's own model waits: one inside a task lends what its model
// lends. The lock is not held while it waits, and admitLocked was asked in an earlier section. So
// come asks again, in the section that puts the visitor at the door: room that came in between is
// not missed.
//
// A submitter under a model waits by quartet.Suspend, which lends its slot. Its resume may be
// called from inside arm, when come finds room at once.
//
// RejectLate bounds the wait for those outside: a task that is let in too late would only be
// refused then.
func (in *Intake) waitForRoom(n, within *task.Node) error {
	in.Lock()
	v := in.door.visitor(in, n, within)
	until, limited := in.inTimeLocked(n)
	in.Unlock()
	ctx, err := n.Submitter(), error(nil)
	if limited && within == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, until, quartet.ErrSaturated)
		defer cancel()
	}
	if ctx.Value(task.ModelKey) != nil {
		err = quartet.Suspend(ctx, func(resume func()) {
			v.resume = resume
			in.come(v, within)
		})
	} else if err = in.cfg.MayWait(); err == nil {
		in.come(v, within)
		select {
		case <-v.ready:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	return in.goAway(v, err)
}

// goAway ends a visit; err is how its wait was cut short. Three cases: the visit was decided and
// the submitter has received it; it was decided while the wait was being cut short, so that the
// decision counts and the submit succeeds after all; or it was not decided, and the visitor leaves
// the door. The second case keeps the visitor from being reused: the signal that nobody receives
// would end the next visit.
func (in *Intake) goAway(v *visitor, err error) error {
	n, cut := v.node, err != nil
	in.Lock()
	told := v.state == decided && cut // its signal was sent or is about to be, and nobody has received it
	if v.state != decided {           // its context has ended first
		if v.state == atTheDoor {
			in.leaveDoorLocked(v)
			n.Move(task.Blocked, task.Fresh)
		}
		in.stats.Rejected++
		v.err = err
	}
	err = v.err
	watched := err == nil && in.queuedHereLocked(n)
	if v.resume == nil && !told {
		in.door.keep(v)
	}
	in.Commit()
	if watched {
		in.watch(n)
	}
	return err
}

// come brings a visitor to the door, unless room has come. A Cancel may end the node while it is
// Blocked, without the lock; acceptLocked finds that. resume, where there is one, is called by
// Apply after the unlock, also if that is at once.
func (in *Intake) come(v *visitor, within *task.Node) {
	in.Lock()
	defer in.Commit()
	if err := in.admitLocked(v.node, within, Wait); err != errNoRoom {
		in.decideLocked(v, err)
		return
	}
	in.spillLocked() // so that the contexts of those are watched whose room is wanted
	v.node.Move(task.Fresh, task.Blocked)
	in.takePlaceLocked(v.node)
	if in.door.push(v, in.fullLocked(v.node, true)); v.before == nil {
		forgetKeyLocked(v.node.Stile)
		in.beginPatienceLocked()
	}
}

// leaveDoorLocked takes v away from the door. The next of those who wait apart may have what v has
// waited for. A visitor at the door itself may have come there from a turnstile's line. That line
// may have become free for its next one when this visitor moved on, and nobody would look again: so
// it is loosened here.
func (in *Intake) leaveDoorLocked(v *visitor) {
	stile := v.before
	in.door.remove(v)
	if stile == nil {
		in.takePlaceLocked(v.node)
		stile = v.node.Stile
		in.loosenLocked(stile)
	}
	forgetKeyLocked(stile)
}

// patient is what makes the door wait for a large queue to drain. Its timer runs at most while
// somebody is at the door. The timer counts in pending while it runs, so that Close waits for it
// and leaves none behind.
type patient struct {
	timer   *time.Timer
	runs    bool
	hurried bool // it has ended: the next place that comes free is given away
}

// Under a virtual clock there is no timer: lowMarkLocked alone decides then. A small queue needs
// none, since it gives each place away at once.
func (in *Intake) beginPatienceLocked() {
	if in.patient.runs || in.cfg.Timeless || in.cfg.Queue < smallQueue {
		return
	}
	in.patient.runs = true
	in.HoldLocked()
	if in.patient.timer == nil {
		in.patient.timer = time.AfterFunc(patience, in.endPatience)
	} else {
		in.patient.timer.Reset(patience)
	}
}

// endPatience has the next place that comes free given away, if somebody is at the door still. It
// runs on the timer's goroutine.
func (in *Intake) endPatience() {
	in.Lock()
	in.patient.runs = false
	in.patient.hurried = in.door.busy()
	in.roomy = true
	in.ReleaseLocked(1)
	in.Commit()
}

// grantLocked lets in the submitters for whom there is room now. A large queue drains to half
// first, if it does so soon: else each task of a submitter that is faster than the executor would
// cost a wake-up of it. Those inside go first, and for them roomLocked does not ask InFlight: a
// task that waits for room to submit its child must get it before strangers do. It ends when nobody
// is next, or there is no room: each round lets one in, or sends one back to its turnstile's line.
func (in *Intake) grantLocked() {
	if !in.door.busy() || in.cfg.Queue > 0 && in.backlogLocked() > in.lowMarkLocked() {
		return
	}
	for _, s := range [...]side{inside, outside} {
		for v := in.door.next(s); v != nil && in.roomLocked(v.node, s == inside); v = in.door.next(s) {
			in.patient.hurried = false
			in.letInLocked(v)
		}
	}
	if in.door.busy() && !in.patient.hurried {
		in.beginPatienceLocked()
	}
}

// letInLocked accepts the node of a visitor for whom there is room. n's turnstile may have filled
// up since it came, then it waits apart again. An executor that shuts down turns away the visitors
// outside by itself (turnAwayLocked); one that is still here was allowed to stay, so ErrClosed is
// no reason to refuse it.
func (in *Intake) letInLocked(v *visitor) {
	in.door.remove(v)
	in.takePlaceLocked(v.node)
	if stile := in.fullLocked(v.node, false); stile != nil {
		in.door.push(v, stile)
		return
	}
	in.door.grants++
	err := in.refusedLocked(v.node, nil)
	switch {
	case err == quartet.ErrClosed: // what is at the door was let to stay there
		err = nil
	case err == nil && v.side == outside && in.lateLocked(v.node):
		err = quartet.ErrSaturated
	}
	if err == nil {
		err = in.acceptLocked(v.node)
	} else {
		in.loosenLocked(v.node.Stile)
		forgetKeyLocked(v.node.Stile)
	}
	if err != nil {
		in.stats.Rejected++
	}
	in.decideLocked(v, err)
}

// lowMarkLocked is down to what backlog a full queue drains before blocked submitters are let in.
// Half the queue: then one wake-up of a submitter serves for many tasks, and the workers still have
// half a queue to go on with.
func (in *Intake) lowMarkLocked() int {
	if in.cfg.Queue < smallQueue || in.patient.hurried {
		return in.cfg.Queue + in.cfg.Free()
	}
	return in.cfg.Queue / 2
}

// MakeRoomLocked: the executor has become larger. Both flags: a submitter may come in, and a queued
// node may start.
func (in *Intake) MakeRoomLocked() { in.roomy, in.fresh = true, true }

// turnAwayLocked refuses those at the door on one side. All of them are collected first, since
// removing one changes the lines. Room that they leave behind is nobody's: a stop lets no one else
// in on that side.
func (in *Intake) turnAwayLocked(s side) {
	for _, v := range in.door.all(s) {
		stile := v.before
		in.door.remove(v)
		forgetKeyLocked(stile)
		v.node.Move(task.Blocked, task.Fresh)
		in.stats.Rejected++
		in.decideLocked(v, quartet.ErrClosed)
	}
}

// decideLocked tells a visitor what became of its node. The signal is sent after the unlock. In
// between goAway may see the state and leave the signal to nobody: see told there. It is called
// once for each visit.
func (in *Intake) decideLocked(v *visitor, err error) {
	v.state, v.err = decided, err
	in.ThenLocked(v)
}
