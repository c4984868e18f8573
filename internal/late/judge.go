// Package late decides which tasks to refuse since they would end after their deadline. It knows
// numbers only: how long tasks have run, when slots come free, how many starts are before this one.
// It takes constant time, and no lock: the executor's guards it.
//
// A task is refused when its estimated probability to be late is too large. The estimate may be
// wrong, so the share of late ones among the accepted is measured, and moves the deadline that
// tasks are judged by until the share is the one asked for.
package late

import (
	"math"
	"time"
)

// Judge decides. Its zero value is not ready: see New. trust starts at 1 and is lowered by tasks
// that end late; it is never above 1, since a budget cannot be more than the deadline. Two numbers
// are learnt: trust, from how accepted tasks end, and gap, from how often tasks are submitted.
type Judge struct {
	share float64 // of the accepted that may end late
	trust float64 // the share of its time within which a task must be expected to end; 1: all of it
	gap   time.Duration
	seen  time.Time // the last submit
}

// New returns a judge that lets at most that share of the accepted tasks end late.
func New(share float64) Judge { return Judge{share: share, trust: 1} }

// lesson scales the steps of trust: a late task lowers it by lesson·(1-share), one in time raises
// it by lesson·share.
const lesson = 0.05

// Ended tells of an accepted task. A late one moves the judged deadline 1/share times as far as one
// in time, so that it rests where the share is as asked for. unjudged: it started at once, and
// would have been accepted in any case. At rest the steps cancel out: with a share of late ones of
// share, share·(1-share) down equals (1-share)·share up.
func (j *Judge) Ended(late, unjudged bool) {
	switch {
	case !late:
		j.trust = min(1, j.trust+lesson*j.share)
	case !unjudged:
		j.trust = max(0, j.trust-lesson*(1-j.share))
	}
}

// gaps is over how many submits the time between them is averaged.
const gaps = 64

// Submitted tells of a submit. A pause counts as no more than a few run times, so that the rate
// after it is soon known. It is a moving average. The first gap is the mean at once; one that began
// at 0 would take many submits to rise.
func (j *Judge) Submitted(now time.Time, run time.Duration) {
	if !j.seen.IsZero() {
		gap := min(now.Sub(j.seen), 8*max(j.gap, run))
		if j.gap == 0 {
			j.gap = gap
		}
		j.gap += (gap - j.gap) / gaps
	}
	j.seen = now
}

// While no run time is known, a task is taken to run for 1/unknown of its budget. If the running
// ones have run for longer already, that time stands for it.
const unknown = 8

// Refuses reports whether a task that has to wait is refused. starts is how many start before it,
// itself included.
//
// Its probability to be late must not exceed the share. Nor may waiting add much to it, unless a
// slot might stay idle otherwise: under a heavy load the next submit takes this one's place, and is
// in time more surely. j.share/16 is what waiting may add in any case.
func (j *Judge) Refuses(r *Runs, w Wait, budget time.Duration, slots, starts int) bool {
	// Nothing is known but how long the first tasks have run already (w.Mean). A part of the budget
	// stands for the rest, so that neither all nor none are accepted until the first one ends.
	if !r.Known() {
		run := max(budget/unknown, w.Mean*time.Duration(slots)/time.Duration(starts))
		return time.Duration(starts)*run/time.Duration(slots)+run > budget
	}
	budget = time.Duration(j.trust * float64(budget))
	late := r.Late(w, budget)
	if late > j.share {
		return true
	}
	added := late - r.Late(Wait{}, budget)
	return added > j.share/16+j.idle(r.Mean(), slots, starts)
}

// idle estimates the probability that a slot stays idle when no more than so many tasks may wait:
// for a load of n times the slots it falls by that factor with each. 1 means that a slot would
// certainly stay idle, so that no task is refused for another's sake.
func (j *Judge) idle(run time.Duration, slots, starts int) float64 {
	if j.gap <= 0 || run <= 0 {
		return 1
	}
	load := float64(run) / (float64(j.gap) * float64(max(1, slots)))
	if load <= 1 {
		return 1
	}
	return math.Pow(load, -float64(starts))
}
