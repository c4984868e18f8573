package intake

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/leaf"
	"github.com/quartet-go/quartet/internal/task"
)

// ageEvery is the round of starts in which each level has its turn: of 16 starts one goes to the
// normal ones first and one to the low ones, so that neither starves under a flood of higher ones.
const ageEvery = 16

// turn returns in which order the levels are asked for the next start. The two exceptions are the
// 8th and the 16th start of a round: as far apart as can be.
func turn(starts uint64) [levels]int8 {
	switch starts % ageEvery {
	case ageEvery/2 - 1:
		return [levels]int8{Normal, High, Low}
	case ageEvery - 1:
		return [levels]int8{Low, High, Normal}
	}
	return [levels]int8{High, Normal, Low}
}

func (in *Intake) levelLocked(l int8) *task.List { return &in.queues[l-High] }

// LenLocked returns the number of nodes and leaves that may start.
func (in *Intake) LenLocked() int {
	n := in.lane.Len()
	for level := range in.queues {
		n += in.queues[level].Len()
	}
	return n
}

// PopLocked takes the next node that can still start out of the queue, as claimed; nil when there
// is none. It is the oldest of its level. The caller gives it a slot, runs it, and calls EndLocked.
// A node whose context has ended is abandoned on the way, and the next one is tried.
func (in *Intake) PopLocked() *task.Node {
	n, _ := in.popLocked(nil)
	return n
}

// NextLocked is PopLocked for a worker that can run leaves: where it is the turn of a leaf, it has
// c begin with that. leaves: c has joined the lane, and the worker is to call c.Run and then
// LeaveLocked. Its slot stays taken in between.
func (in *Intake) NextLocked(c *leaf.Consumer) (n *task.Node, leaves bool) { return in.popLocked(c) }

// The loop ends: each round takes a node or an entry out of the queue, or finds none. A node that
// can no longer start stays counted as queued until its Drop.
func (in *Intake) popLocked(c *leaf.Consumer) (n *task.Node, leaves bool) {
	for {
		n, lane := in.nextLocked()
		switch {
		case lane:
			if n, leaves = in.popEntryLocked(c); n != nil || leaves {
				return n, leaves
			}
		case n == nil:
			return nil, false
		case in.TakeLocked(n):
			return n, false
		}
	}
}

// nextLocked returns the node whose turn it is, or that it is the lane's turn. The lane has normal
// entries only, and stands before the queue's nodes of that level as long as those came later.
func (in *Intake) nextLocked() (n *task.Node, lane bool) {
	for _, level := range turn(in.starts) {
		if level == Normal && in.laneFirstLocked() {
			return nil, true
		}
		if n = in.levelLocked(level).First(); n != nil {
			return n, false
		}
	}
	return nil, false
}

// StartableLocked reports whether n is queued here, and no turnstile holds it. The owner is asked
// first: a node of another executor is guarded by that one's lock, and may not be looked at.
func (in *Intake) StartableLocked(n *task.Node) bool {
	return n.Owner() == task.Owner(in) && n.In == in.levelLocked(n.Level)
}

// TakeLocked takes n out of the queue, as claimed. It reports false when n is not queued here, or
// can no longer start; one whose context has ended stays for its abandonment, out of the queue. It
// is how an awaited task starts before its elders. A node that is still in the lane has no place
// that could be found, so the lane is emptied into the queue first.
func (in *Intake) TakeLocked(n *task.Node) bool {
	if n.State() == task.Pushed && n.Owner() == task.Owner(in) {
		in.spillLocked()
	}
	if !in.StartableLocked(n) {
		return false
	}
	in.unqueueLocked(n)
	return in.startLocked(n)
}

// startLocked claims and counts a node that has left the queue, or the lane. It reports false where
// the node can no longer start. A leaf has no context, and nobody can cancel it.
func (in *Intake) startLocked(n *task.Node) bool {
	if n.Is(task.Leaf) {
		n.Claim()
	} else if !in.claimLocked(n) {
		return false
	}
	in.stats.Queued--
	in.beginLocked(n)
	return true
}

// claimLocked reports whether n may start. The context is asked once more, although its end is
// watched: the watch tells on another goroutine, which may be late, and nodes whose start is near
// have none.
func (in *Intake) claimLocked(n *task.Node) bool {
	if n.Parent().Err() != nil {
		in.ThenLocked(abandonment{node: n})
		return false
	}
	return n.Claim() // else Drop is on its way
}

// beginLocked counts a claimed node as running. The stamp changes its meaning here: from the time
// of the submit to that of the start.
func (in *Intake) beginLocked(n *task.Node) {
	in.starts++
	in.stats.Running++
	if !n.Is(task.Leaf) {
		in.started.Push(n)
		n.In = &in.started
	}
	if n.Stamp != 0 {
		now := in.now()
		in.stats.QueueWait.Observe(time.Duration(now - n.Stamp))
		n.Stamp = now
	}
	in.stepLocked(quartet.EventStarted, n, n.Stamp)
}

// NobodyWaitsLocked reports whether a node that is submitted now has no elder that could start.
// Held nodes do not count: they wait for something that a newcomer does not take from them. The
// executor asks it before it runs a call at once.
func (in *Intake) NobodyWaitsLocked() bool { return in.LenLocked() == 0 && !in.door.busy() }

// enqueueNewLocked puts an accepted node into the queue. It reports false when the node has been
// cancelled meanwhile. The turnstile holds n before the state says so. A Cancel in between finds
// the old state, in which no owner is asked; then the Move fails, and n is withdrawn here. was >
// Blocked means abandoned here, as an accepted node does not come again.
func (in *Intake) enqueueNewLocked(n *task.Node) bool {
	to := task.Ready
	if !n.Advance() {
		to = task.Held
	}
	if was := n.State(); was > task.Blocked || !n.Move(was, to) {
		if to == task.Held {
			n.Before().Withdraw(n)
		}
		return false
	}
	if to == task.Held {
		in.held.Push(n)
	} else {
		in.readyLocked(n)
	}
	return true
}

// enqueueLocked brings a held node, which has got a place, on: to its next turnstile, or among
// those that may start. If a Cancel has won, n stands among the ready ones for a moment; Drop waits
// for the lock and takes it out.
func (in *Intake) enqueueLocked(n *task.Node) {
	if n.Advance() {
		in.held.Remove(n)
		n.Move(task.Held, task.Ready) // else Drop is on its way
		in.readyLocked(n)
	}
}

func (in *Intake) readyLocked(n *task.Node) {
	n.In = in.levelLocked(n.Level)
	n.In.Push(n)
	in.fresh = true
}

// unqueueLocked takes n out of the queue. Each queued node has one place: a level's list, or a
// turnstile's with held. Its room is free from now on, whoever took it out.
func (in *Intake) unqueueLocked(n *task.Node) {
	if n.In != in.levelLocked(n.Level) {
		in.held.Remove(n)
		stile := n.Before()
		stile.Withdraw(n)
		in.loosenLocked(stile)
	} else {
		n.In.Remove(n)
		n.In = nil
	}
	in.roomy = true
	if n.Watch != nil {
		in.unwatchLocked(n)
	}
}

// discardLocked makes room for n, at the cost of a queued node: the oldest of the backlog that is
// full, where there is one. It reports false when no node may go for n. Where a key or a limit is
// full, only the tasks that wait there make room: one of another key would free a place that n
// could not use. true means that n may be accepted now: the dropped one has left the queue, though
// its Abandon is still to run.
func (in *Intake) discardLocked(n *task.Node, full *task.Turnstile) bool {
	switch {
	case in.cfg.NoQueue:
		return false
	case full == nil:
		return in.discardOldestLocked(n)
	}
	oldest := n.Shut().Oldest() // at the key, if that is what n waits for; else at the limit
	if oldest != nil {
		in.dropLocked(oldest)
	}
	return oldest != nil
}

// discardOldestLocked makes room for n, at the cost of the oldest node of the lowest level that is
// not above its. It reports false if nodes of higher levels and started nodes take all the room.
// The lane first, since its entries are older than the queue's.
func (in *Intake) discardOldestLocked(n *task.Node) bool {
	for l := Low; l >= n.Level; l-- {
		if l == Normal && in.laneFirstLocked() && in.dropFastLocked() {
			return true
		}
		oldest := in.levelLocked(l).First()
		if oldest == nil && l == Normal { // what has a turnstile is of no other level
			oldest = in.held.First()
		}
		if oldest != nil {
			in.dropLocked(oldest)
			return true
		}
	}
	return false
}

// dropLocked abandons a queued node, for its room. A leaf has no Abandon, and so is dropped on the
// spot.
func (in *Intake) dropLocked(n *task.Node) {
	if n.Is(task.Leaf) {
		in.dropLeafLocked(n)
		return
	}
	in.unqueueLocked(n)
	in.ThenLocked(abandonment{n, quartet.ErrDiscarded})
}

// popEntryLocked takes the oldest entry out of the lane. c begins with it where it may; else it is
// returned as a claimed node. It returns neither when the entry can no longer start, or there is
// none. A leaf that no consumer runs becomes a node that is counted here, as its times and its end
// go through the lock then.
func (in *Intake) popEntryLocked(c *leaf.Consumer) (n *task.Node, leaves bool) {
	e, ok := in.lane.TakeLocked()
	if !ok {
		return nil, false
	}
	in.roomy = true
	if c != nil && in.consumableLocked(e) {
		in.starts++
		in.lane.JoinLocked(c, e)
		in.HoldLocked()
		return nil, true
	}
	if n = e.Node; n != nil {
		if !in.startArrivedLocked(n) {
			return nil, false
		}
		return n, false
	}
	in.starts++
	in.stats.Running++
	n = in.spareLocked(e.Leaf)
	n.Settle(&in.home)
	in.numberLocked(n)
	n.Claim()
	return n, false
}

// consumableLocked reports whether a consumer may run e: a leaf, or a node that is not timed, while
// nobody looks and all may start. A timed node needs the clock and the histograms, which the lock
// guards.
func (in *Intake) consumableLocked(e leaf.Entry) bool {
	return e.Node == nil || e.Node.Stamp == 0 && in.phase == open && in.observers.Load() == nil
}

// takeEntryLocked takes the oldest entry out of the lane, and into the intake's numbers. For
// whoever drops it. A leaf gets no node and no number: only that it was submitted is counted.
func (in *Intake) takeEntryLocked() (e leaf.Entry, ok bool) {
	if e, ok = in.lane.TakeLocked(); !ok {
		return e, false
	}
	in.roomy = true
	if e.Node != nil {
		in.arriveLocked(e.Node)
	} else {
		in.stats.Submitted++
	}
	return e, true
}

// spareLocked returns a node for fn: one that is used again, or a new one.
func (in *Intake) spareLocked(fn func()) *task.Node {
	n := &task.Node{}
	if last := len(in.spare) - 1; last >= 0 {
		n, in.spare = in.spare[last], in.spare[:last]
	}
	n.Flags, n.Job = task.Leaf, leaf.Func(fn)
	return n
}

// recycleLocked keeps a leaf's node, which is known to nobody else. After a stop nothing is kept,
// so that a closed executor that somebody still points to keeps no memory. No watch, list or future
// knows a leaf's node any more when it comes here.
func (in *Intake) recycleLocked(n *task.Node) {
	if len(in.spare) < maxSpare && in.phase == open {
		n.Reset()
		in.spare = append(in.spare, n)
	}
}
