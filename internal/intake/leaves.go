package intake

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/leaf"
	"github.com/quartet-go/quartet/internal/task"
)

// fullYields is how often a submitter lets others run while the ring is full, before it goes to the
// lock and blocks: each time that room has come costs less than parking. Without, 16 submitters
// took three times as long; with 4 in place of 32, a tenth longer. One submitter of tasks of 1 µs
// takes a quarter longer by it, since it keeps a core from the workers. It counts rounds of
// runtime.Gosched, and so has no unit of time.
const fullYields = 32

// SubmitFunc accepts fn, which has no context and no future. try: it never waits. A refusal by the
// lane means that the gate is shut or the ring is full; the lock then finds out which, and whether
// the caller is to wait.
func (in *Intake) SubmitFunc(fn func(), try bool) error {
	full := in.cfg.Full
	if try && full == Wait {
		full = Reject
	}
	// Without the lock: a stop shuts the gate before it looks at the lane.
	if in.lane != nil && in.pushPatiently(fn, full == Wait) {
		in.feed()
		return nil
	}
	in.Lock()
	n := in.spareLocked(fn)
	err := in.admitLocked(n, nil, full)
	in.Commit()
	if err == errNoRoom {
		return in.waitForRoom(n, nil)
	}
	return err
}

// pushNode accepts n by the lane, if n has nothing that the lock would be needed for. It reports
// false otherwise: then nothing has happened. The order of its steps: it settles first, then moves
// to Pushed, then is pushed. From the push on a consumer may run it, and from Pushed on a Cancel
// asks its owner. If the ring refuses, it moves back: nobody can have cancelled it in between, as
// no watch knows it yet, and its future has not been returned.
//
// RejectLate, levels, turnstiles and Data need the lock; so does a context that may end, as it has
// to be watched.
func (in *Intake) pushNode(n *task.Node) bool {
	if in.lane == nil || in.cfg.RejectLate || n.Level != Normal || n.Stile != nil || n.Data != nil ||
		!endless(n) {
		return false
	}
	n.Settle(&in.home)
	if !n.Move(task.Fresh, task.Pushed) {
		return false
	}
	if in.lane.Next()%sampleEvery == 0 {
		n.Stamp = in.now()
	}
	if !in.lane.PushNode(n) {
		n.Stamp = 0
		n.Move(task.Pushed, task.Fresh)
		return false
	}
	in.feed()
	return true
}

// endless reports whether the end of n's context need not be watched while n is queued: there is
// none, or its submitter cares for that. A task's context is not asked, since one that can end is
// made for it then.
func endless(n *task.Node) bool {
	switch parent := n.Parent().(type) {
	case *task.Ctx:
		return false
	default:
		return n.Is(task.Attended) && parent.Err() == nil || parent.Done() == nil
	}
}

// feed tells the executor of an entry that has been pushed, if it wants to know. It is called after
// a push, on the submitter's goroutine. Most pushes find nobody hungry, and cost one load.
func (in *Intake) feed() {
	if in.lane.Hungry() {
		in.Lock()
		in.fresh = true
		in.Commit()
	}
}

// arriveLocked takes a node that has left the lane into the intake's numbers, once.
func (in *Intake) arriveLocked(n *task.Node) {
	if n.Seq == 0 {
		in.numberLocked(n)
		in.stats.Queued++
	}
}

// spillLocked moves the entries of the lane to the queue, before the nodes there: for whoever looks
// for a node. The gate stays shut until the queue is empty, so that each entry is moved once. One
// that is being pushed stays: it is younger than the moved ones, and older than later ones. Called
// by whoever has to find, list, cancel or order a single node: in a ring nothing can be found.
//
// It takes time in proportion to the lane's length, which the ring bounds, and each entry pays for
// it once.
func (in *Intake) spillLocked() {
	if in.lane == nil {
		return
	}
	in.lane.SetGateLocked(false)
	older := task.Queued()
	for e, ok := in.lane.TakeLocked(); ok; e, ok = in.lane.TakeLocked() {
		n := e.Node
		if n == nil {
			n = in.spareLocked(e.Leaf)
			n.Settle(&in.home)
			n.Move(task.Fresh, task.Pushed)
		}
		in.queueSpilledLocked(n, &older)
	}
	in.levelLocked(Normal).PutBefore(&older)
	in.spilled = in.stats.Submitted
}

// laneFirstLocked reports whether the next entry of the lane is older than the queue's nodes of the
// normal level. spilled is the number of the last node that was in the lane before a spill. Nodes
// with higher numbers were accepted later, and while one is queued the gate is shut.
func (in *Intake) laneFirstLocked() bool {
	first := in.levelLocked(Normal).First()
	return in.lane.Ready() && (first == nil || first.Seq > in.spilled)
}

// queueSpilledLocked queues a node that has left the lane, unless it will never start: then Drop is
// on its way.
func (in *Intake) queueSpilledLocked(n *task.Node, to *task.List) {
	in.arriveLocked(n)
	if !n.Move(task.Pushed, task.Ready) {
		return
	}
	in.fresh = true
	n.In = in.levelLocked(Normal)
	to.Push(n)
	// Its submitter only looks when it waits, so others who want the room must be able to find its
	// end.
	if n.Is(task.Attended) {
		in.ThenLocked(watching{in, n})
	}
}

// watching is the effect that has the end of a queued node's context watched. An Attended node was
// pushed without a watch, as its submitter ends it. That one looks only at its next wait, too late
// for others that want the room.
type watching struct {
	in   *Intake
	node *task.Node
}

func (w watching) Apply() { w.in.watch(w.node) }

// pushPatiently waits a little for room, where the caller may wait at all.
func (in *Intake) pushPatiently(fn func(), patient bool) bool {
	return in.lane.Push(fn) || patient && task.YieldUntil(func() bool { return in.lane.Push(fn) }, fullYields)
}

// pushLeafLocked puts an accepted leaf into the ring, if nothing is queued behind that. It keeps
// the order: with nothing queued the ring may take it, whatever else has shut the gate. The spare
// node is not needed then. A push under the lock passes a gate that is shut.
func (in *Intake) pushLeafLocked(n *task.Node) bool {
	if in.lane == nil || in.queuedLocked() > 0 || in.phase != open || !in.spaciousLocked() {
		return false
	}
	if !in.lane.PushLocked(n.Job.(leaf.Func)) {
		return false
	}
	in.fresh = true
	in.recycleLocked(n)
	return true
}

// setGateLocked opens or shuts the ring, and calls its consumers where they are needed. It runs at
// the end of each section that settles, and so follows all that the section has changed.
//
// The gate is open only if a push needs nothing from the lock: nobody to be told, nobody to be
// overtaken, no bound that could be exceeded. Consumers are called back for a higher priority, for
// a task that wants a slot, and for a submitter who waits until the backlog is short.
func (in *Intake) setGateLocked() {
	if in.lane == nil {
		return
	}
	blocked := in.door.busy()
	in.lane.SetGateLocked(in.phase == open && in.observers.Load() == nil && in.queuedLocked() == 0 && !blocked &&
		in.spaciousLocked())
	switch {
	case in.levelLocked(High).Len() > 0, in.cfg.Calls(), in.observers.Load() != nil:
		in.lane.CallLocked(leaf.AtOnce)
	case blocked:
		in.lane.CallLocked(int64(in.lowMarkLocked() - in.queuedLocked()))
	default:
		in.lane.CallLocked(leaf.Never)
	}
}

// spaciousLocked reports whether InFlight is so far away that a full ring cannot exceed it. Without
// a queue the ring, which asks nobody for room, stays shut. The ring asks nobody, so its whole
// capacity is counted as taken, and a task for each slot as well.
func (in *Intake) spaciousLocked() bool {
	nodes := int(in.stats.Queued + in.stats.Running + in.stats.Waiting)
	return !in.cfg.NoQueue && nodes+in.cfg.Slots()+in.lane.Limit() <= in.cfg.InFlight
}

// ListenLocked reports whether something may start; if not, the next leaf will call Ready. The
// answer false is a promise: the next push finds the lane hungry. So a worker may park on it
// without a race.
func (in *Intake) ListenLocked() bool {
	for level := range in.queues {
		if in.queues[level].Len() > 0 {
			return true
		}
	}
	return in.lane.ListenLocked()
}

// Ready reports, without the lock, whether a leaf may start.
func (in *Intake) Ready() bool { return in.lane.Ready() }

// LeaveLocked: c runs no leaves any more. It returns the node that c has found, as claimed: the
// executor is to run it at once, since it has left its place in the order. nil: none. The hold that
// NextLocked took for the consumer ends here.
func (in *Intake) LeaveLocked(c *leaf.Consumer) (found *task.Node) {
	if n := in.lane.LeaveLocked(c); n != nil && in.startArrivedLocked(n) {
		found = n
	}
	in.roomy = true
	in.ReleaseLocked(1)
	return found
}

// startArrivedLocked claims and counts a node that has left the lane. It reports false where that
// can no longer start. After a Close it must not start: Cancel has gone through the queue already,
// and would not come again for this one.
func (in *Intake) startArrivedLocked(n *task.Node) bool {
	in.arriveLocked(n)
	if in.phase == closed { // it was being pushed, or was in a consumer's hand
		in.ThenLocked(abandonment{n, quartet.ErrClosed})
		return false
	}
	return in.startLocked(n)
}

// dropFastLocked drops the oldest entry of the ring. A leaf has nobody to be told. It counts as
// abandoned and was counted as submitted by takeEntryLocked.
func (in *Intake) dropFastLocked() bool {
	e, ok := in.takeEntryLocked()
	switch {
	case !ok:
	case e.Node != nil:
		in.ThenLocked(abandonment{e.Node, quartet.ErrDiscarded})
	default:
		in.stats.Abandoned++
	}
	return ok
}

// leaves is the intake as its lane sees it. A type of its own keeps the methods of leaf.Executor
// apart from those that executors call.
type leaves Intake

func (l *leaves) Now() time.Time { return l.cfg.Now() }

func (l *leaves) Feed() { (*Intake)(l).feed() }

// Sits takes n over where its end has to be told, or it is to be cancelled: whoever has begun that
// may have looked at the consumer too early.
func (l *leaves) Sits(n *task.Node) {
	if l.stopping.Load() || l.observers.Load() != nil {
		(*Intake)(l).adopt(n)
	}
}

func (l *leaves) Room() {
	in := (*Intake)(l)
	in.Lock()
	in.MakeRoomLocked()
	in.Commit()
}

func (l *leaves) Timed(wait, run time.Duration) {
	in := (*Intake)(l)
	in.Lock()
	in.stats.QueueWait.Observe(wait)
	in.ranLocked(run, in.now())
	in.Unlock()
}
