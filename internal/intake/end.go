package intake

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// SuspendLocked says that a started node waits, and lends its place. Called by the model of an
// executor, on the goroutine of the task or on a foreign one with its context; a node that has
// ended or waits already is left alone. The slot is the executor's to count.
func (in *Intake) SuspendLocked(n *task.Node) {
	if in.waitsLocked(n) {
		in.lendPlaceLocked(n)
	}
}

// ResumeLocked says that a node that waited goes on; one with a limit has its place again.
func (in *Intake) ResumeLocked(n *task.Node) { in.goesOnLocked(n) }

// A call that began without the lock has to be in the lists before it can change them. The state
// decides, and is moved before lists and numbers: if the move fails, nothing has been touched.
func (in *Intake) waitsLocked(n *task.Node) bool {
	if n.In == nil {
		in.adoptLocked(n)
	}
	if was := n.State(); was != task.Running && was != task.Claimed || !n.Move(was, task.Waiting) {
		return false
	}
	in.countWaitingLocked(n)
	return true
}

// countWaitingLocked counts a node that ran as waiting. It also counts the parent of an adopted
// call, whose state said so before the lists did.
func (in *Intake) countWaitingLocked(n *task.Node) {
	in.started.Remove(n)
	in.waiting.Push(n)
	n.In = &in.waiting
	in.stats.Running--
	in.stats.Waiting++
	in.stepLocked(quartet.EventSuspended, n, 0)
}

// Nothing happens to a node that has ended, or that does not wait.
func (in *Intake) goesOnLocked(n *task.Node) {
	if was := n.State(); was.Suspended() && n.Move(was, task.Running) {
		in.countRunningLocked(n)
	}
}

// countRunningLocked counts a node that waited as running again. n goes to the end of started: the
// list is in the order in which nodes began to run, or went on.
func (in *Intake) countRunningLocked(n *task.Node) {
	in.waiting.Remove(n)
	in.started.Push(n)
	n.In = &in.started
	in.stats.Waiting--
	in.stats.Running++
	in.stepLocked(quartet.EventResumed, n, 0)
}

// SetWaiting takes the lock to say that a started node waits, or goes on.
func (in *Intake) SetWaiting(n *task.Node, waiting bool) {
	in.Lock()
	in.SetWaitingLocked(n, waiting)
	in.Commit()
}

// SetWaitingLocked says that a started node waits, or goes on.
func (in *Intake) SetWaitingLocked(n *task.Node, waiting bool) {
	if waiting {
		in.SuspendLocked(n)
	} else {
		in.ResumeLocked(n)
	}
}

// LentLocked reports whether n counts as waiting: a foreign goroutine may have lent in its name
// when it has ended.
func (in *Intake) LentLocked(n *task.Node) bool { return n.In == &in.waiting }

// End takes the lock for EndLocked.
func (in *Intake) End(n *task.Node) {
	in.Lock()
	in.EndLocked(n)
	in.Commit()
}

// EndLocked takes back a claimed node, whose job has returned and which has ended. The job's future
// has ended before: whoever waits for it may be ahead of these numbers. Clause 11 of the contract
// speaks of an executor at rest for that reason.
//
// The order: numbers, then places, then the list, then the hold. leaveLocked may tell a Shutdown
// that all is over, and must find the rest done.
func (in *Intake) EndLocked(n *task.Node) {
	if in.LentLocked(n) {
		in.countRunningLocked(n)
	}
	in.stats.Running--
	if n.HasFailed() {
		in.stats.Failed++
	} else {
		in.stats.Done++
	}
	ended := int64(0)
	if n.Stamp != 0 {
		ended = in.now()
		in.ranLocked(time.Duration(ended-n.Stamp), ended)
	}
	// It asks the clock by itself, but only for a node with a deadline.
	in.keptLocked(n, true)
	in.stepLocked(quartet.EventEnded, n, ended)
	in.givePlacesLocked(n)
	if n.In != nil {
		n.In.Remove(n)
		n.In = nil
	}
	in.leaveLocked(n)
}

// leaveLocked: n is over. It is the counterpart of numberLocked: one hold for each node that was
// counted.
func (in *Intake) leaveLocked(n *task.Node) {
	in.roomy = true
	in.ReleaseLocked(1)
	if n.Is(task.Leaf) {
		in.recycleLocked(n)
	}
}

// Drop implements task.Owner: n ended without having started. Its room is free before Abandon is
// called, its place among the unfinished after. It is called on whichever goroutine moved the node
// to abandoned: a canceller's, or the one that runs the effects of a section. Two sections, since
// Abandon is user code: a stop must not return while it runs, so pending falls after it.
func (in *Intake) Drop(n *task.Node, cause error) {
	in.Lock()
	in.pulledLocked(n)
	in.abandonedLocked(n)
	in.Commit()
	in.Guard(func() { n.Job.Abandon(cause) })
	n.End()
	in.Lock()
	in.leaveLocked(n)
	in.Commit()
}

// pulledLocked takes n into the numbers if it is in the lane still, or in the hand of a consumer.
// The lane cannot be searched, so all of it is moved to the queue. n may be in neither then: a
// consumer has it in hand, and finds it abandoned.
func (in *Intake) pulledLocked(n *task.Node) {
	if n.Seq == 0 {
		in.spillLocked()
		in.arriveLocked(n)
	}
}

// abandonedLocked counts a node that will never start. n may stand in no list: an effect of
// abandonment comes after the section that has taken it out.
func (in *Intake) abandonedLocked(n *task.Node) {
	if n.In != nil {
		in.unqueueLocked(n)
	}
	in.givePlacesLocked(n)
	in.stats.Queued--
	in.stats.Abandoned++
	n.Fail()
	in.keptLocked(n, false)
	in.stepLocked(quartet.EventEnded, n, 0)
}
