package intake

import (
	"math"
	"time"

	"github.com/quartet-go/quartet/internal/late"
	"github.com/quartet-go/quartet/internal/task"
)

// maxSeen bounds how many running nodes are looked at for an estimate, the oldest first: a hang is
// among them.
const maxSeen = 64

// forgetAfter is after how long without a node the run times before count no more.
const forgetAfter = time.Minute

// punctual is what an intake knows of run times and deadlines. The lock guards it. runs is fed in
// any case, for ExpectedWait; due and judge only under RejectLate.
type punctual struct {
	runs  late.Runs
	judge late.Judge
	due   map[*task.Node]due // accepted nodes with a deadline, under RejectLate
	last  int64              // when the last node ended, on the nodes' clock
	left  []time.Duration    // for reuse
}

// due is a deadline, on the nodes' clock. A node with unjudged was accepted whatever the judge
// thought, so that its lateness says nothing of the judge.
type due struct {
	at       int64
	unjudged bool // it could start at once
}

// ranLocked: a node ran for d, until now. Only nodes with a stamp come here: without ExactTimes and
// RejectLate a sample.
func (in *Intake) ranLocked(d time.Duration, now int64) {
	in.stats.RunTime.Observe(d)
	in.punctual.runs.Add(d)
	in.punctual.last = now
}

// forgetRunsLocked forgets the run times of long ago, when nothing is left of that time. Where
// tasks run for hours, a minute without one says nothing: hence ten means. p.last is 0 when no node
// has ended yet.
func (in *Intake) forgetRunsLocked(now int64) {
	p := &in.punctual
	idle := time.Duration(now - p.last)
	if p.last != 0 && in.inFlightLocked() == 0 && idle > max(forgetAfter, 10*p.runs.Mean()) {
		p.runs, p.last = late.Runs{}, 0
		p.judge = late.New(in.cfg.LateShare)
	}
}

// lateLocked reports whether n, which is submitted from outside, has to wait for its start and is
// likely to end after its deadline. What need not wait is never late: else after one long run
// nothing would run again that could show the usual time. It must be asked before n is queued, and
// after takePlaceLocked, as it looks at n's turnstiles.
func (in *Intake) lateLocked(n *task.Node) bool {
	if !in.cfg.RejectLate {
		return false
	}
	deadline, limited := n.Parent().Deadline()
	if !limited {
		return false
	}
	w, starts := in.waitLocked(n)
	if starts == 0 {
		return false
	}
	// In the executor's own time, as the stamps are.
	budget := deadline.Sub(in.cfg.Now())
	return in.punctual.judge.Refuses(&in.punctual.runs, w, budget, in.cfg.Slots(), starts)
}

// submittedLocked tells the judge of a submit from outside.
func (in *Intake) submittedLocked() {
	if in.cfg.RejectLate {
		in.forgetRunsLocked(in.now())
		in.punctual.judge.Submitted(in.cfg.Now(), in.punctual.runs.Mean())
	}
}

// promiseLocked notes until when n, which is about to be queued, is to have ended. It must run
// before the node is queued: queued, it would count among those that it waits for.
func (in *Intake) promiseLocked(n *task.Node) {
	if !in.cfg.RejectLate {
		return
	}
	if deadline, limited := n.Parent().Deadline(); limited {
		_, starts := in.waitLocked(n)
		in.punctual.due[n] = due{int64(deadline.Sub(in.epoch)) + 1, starts == 0}
	}
}

// keptLocked: n is over. Whether it kept its deadline teaches the judge; a task that was cancelled
// before teaches nothing. A task that was abandoned in time is one whose submitter gave up or that
// was dropped.
func (in *Intake) keptLocked(n *task.Node, ran bool) {
	d, promised := in.punctual.due[n]
	if !promised {
		return
	}
	delete(in.punctual.due, n)
	if late := in.now() > d.at; late || ran {
		in.punctual.judge.Ended(late, d.unjudged)
	}
}

// ExpectedWaitLocked is how long a node of the normal level that is queued now waits for its start.
func (in *Intake) ExpectedWaitLocked() time.Duration {
	w, _ := in.waitLocked(&task.Node{})
	return w.Mean
}

// ExpectedWait takes the lock for how long n would wait for its start if it were submitted now. The
// turnstile of n's key is made for the question, and dropped after it if it is nobody else's.
func (in *Intake) ExpectedWait(n *task.Node) time.Duration {
	in.Lock()
	defer in.Unlock()
	in.takePlaceLocked(n)
	w, _ := in.waitLocked(n)
	forgetKeyLocked(n.Stile)
	return w.Mean
}

// waitLocked estimates how long n, which stands before its turnstiles and is not queued, would wait
// for its start, and the number of starts until then that slots have to make, its own included; 0:
// it starts at once. A turnstile adds the time until it opens to the time that n needs for a slot
// then.
func (in *Intake) waitLocked(n *task.Node) (w late.Wait, starts int) {
	starts = in.startsLocked(n)
	left, surplus := in.leftLocked()
	starts += surplus
	shut := n.Shut()
	if shut == nil && (starts <= in.cfg.Free() || in.cfg.Slots() == math.MaxInt) {
		return late.Wait{}, 0
	}
	w = in.punctual.runs.Wait(left, starts)
	for s := shut; s != nil; s = s.Next {
		if !s.Open() {
			w = in.waitAtLocked(s, w).Then(w)
		}
	}
	return w, starts
}

// startsLocked is how many starts it takes until n has started: those of its level and the higher
// ones that are queued or at the door, and its own. A lower level has the last start of a round,
// and waits no longer than so many rounds. Those inside at the door come before all, whatever their
// level.
func (in *Intake) startsLocked(n *task.Node) int {
	higher := 0
	for l := High; l < n.Level; l++ {
		higher += in.waitingLocked(l)
	}
	own := in.waitingLocked(n.Level) + 1
	return min(higher+own, ageEvery*own) + in.door.waiting[inside]
}

// waitingLocked is how many of a level are ready, or wait outside for room.
func (in *Intake) waitingLocked(level int8) int {
	waiting := in.levelLocked(level).Len() + in.door.lines[outside][level-High].Len()
	if level == Normal {
		waiting += in.lane.Len()
	}
	return waiting
}

// leftLocked is after what time each slot is expected to come free, as far as that is looked at,
// and how many nodes run without one. More nodes run than there are slots after a Resize to fewer.
// surplus of them must end before any slot is free.
func (in *Intake) leftLocked() (left []time.Duration, surplus int) {
	slots := max(1, in.cfg.Slots())
	free := min(in.cfg.Free(), slots)
	left = in.punctual.left[:0]
	for range min(free, maxSeen) {
		left = append(left, 0)
	}
	running := 0
	now := in.now()
	for n := range in.started.All() {
		if running >= min(slots-free, maxSeen) {
			break
		}
		left = append(left, in.runsOnLocked(n, now))
		running++
	}
	for range min(slots-free, maxSeen) - running { // leaves, and what has only just taken a slot
		left = append(left, max(1, in.punctual.runs.Mean()))
	}
	in.punctual.left = left
	return left, max(0, in.started.Len()-(slots-free))
}

// runsOnLocked is for how long a started node is expected to run on. Never 0, which would say that
// the slot is free.
func (in *Intake) runsOnLocked(n *task.Node, now int64) time.Duration {
	if n.Stamp == 0 || n.State() == task.Claimed && now < n.Stamp {
		return max(1, in.punctual.runs.Mean())
	}
	return max(1, in.punctual.runs.Left(time.Duration(now-n.Stamp)))
}

// waitAtLocked is how long the next one waits before a turnstile that is shut. Each of those before
// it waits for a slot in its turn, for as long as slot says. It walks the oldest started nodes, at
// most maxSeen of each list: a limit in a pool of thousands of running tasks is estimated from what
// is seen.
func (in *Intake) waitAtLocked(s *task.Turnstile, slot late.Wait) late.Wait {
	var left []time.Duration
	now := in.now()
	for _, l := range [...]*task.List{&in.started, &in.waiting} {
		seen := 0
		for n := range l.All() {
			if seen >= maxSeen || len(left) >= s.Cap {
				break
			}
			if n.Inside(s) {
				left = append(left, in.runsOnLocked(n, now))
			}
			seen++
		}
	}
	for range min(s.Cap, maxSeen) - len(left) { // it waits for a slot still
		left = append(left, max(1, in.punctual.runs.Mean()+slot.Mean))
	}
	ahead := s.Held() + s.Visitors
	w := in.punctual.runs.Wait(left, ahead+1)
	w.Mean += time.Duration(ahead) * slot.Mean / time.Duration(s.Cap)
	return w
}

// inTime is until when n may wait for room: it could not end in time if it started later. ok is
// false where that says nothing. It is asked once, before the wait for room.
func (in *Intake) inTimeLocked(n *task.Node) (until time.Time, ok bool) {
	if !in.cfg.RejectLate {
		return until, false
	}
	deadline, ok := n.Parent().Deadline()
	return deadline.Add(-in.punctual.runs.Mean()), ok
}
