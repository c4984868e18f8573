package procpool

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Resize sets how many processes run tasks at once. A larger number acts at once; a smaller one
// interrupts nobody: workers that are too many take no more tasks, and go when theirs have ended.
// It panics when workers is less than 1. Any goroutine may call it.
func (p *Pool) Resize(workers int) {
	p.made()
	if workers < 1 {
		panic(fmt.Sprintf("procpool: Resize(%d): a pool needs a worker", workers))
	}
	p.in.Lock()
	defer p.in.Commit()
	// It is the one field of cfg that changes after New, so all hold the lock who read it.
	p.cfg.Workers = workers
	for len(p.workers) < workers {
		p.workers = append(p.workers, nil)
	}
	tooMany := -workers
	for _, w := range p.workers {
		if w != nil && w.stayingLocked() {
			tooMany++
		}
	}
	// The highest lanes first: freestLocked prefers the lower ones, so these have less to do.
	for _, w := range slices.Backward(p.workers) {
		if w != nil && w.stayingLocked() && tooMany > 0 {
			w.retireLocked(byResize)
			tooMany--
		}
	}
	// It has Commit dispatch, which starts workers, or dismisses those that retire without calls.
	p.in.MakeRoomLocked()
}

// ExpectedWait estimates how long a task submitted now would wait until it is sent to a worker: the
// number of queued calls, times the recent mean of the times that tasks spent with their workers,
// divided by how many these hold. The times are those of Stats, sampled unless Config.ExactTimes or
// RejectLate is set; before the first one has been measured the oldest task's time so far stands
// for it.
func (p *Pool) ExpectedWait() time.Duration {
	p.made()
	p.in.Lock()
	defer p.in.Commit()
	return p.in.ExpectedWaitLocked()
}

// slotsLocked returns how many tasks are with workers while there is more to do; without end while
// one has room. It is the intake's Slots hook, by which that estimates waits.
func (p *Pool) slotsLocked() int {
	if p.freestLocked() != nil {
		return math.MaxInt
	}
	n := 0
	for _, w := range p.liveLocked() {
		if w.upLocked() {
			n += max(w.window, w.width)
		}
	}
	return max(n, p.cfg.Workers)
}
