package workerpool

import (
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// parkLocked lets w wait for its next errand. More parked workers than slots are of no use, nor are
// any once all has ended: they go home. idle is ordered by the time of parking, so the reaper looks
// at its beginning only.
func (p *Pool) parkLocked(w *worker) {
	if len(p.idle) >= p.cfg.Workers || p.in.DrainedLocked() {
		p.sendHomeLocked(w)
		return
	}
	w.becomeLocked(parked)
	w.since = time.Now()
	p.idle = append(p.idle, w)
	if len(p.idle) > p.cfg.MinWorkers && !p.reaping && p.cfg.Clock == nil {
		p.reapAfterLocked(p.cfg.IdleTimeout)
	}
}

// sendHomeLocked ends a worker that has nothing to do. It is not in idle any more, or never was, so
// nobody can send it.
func (p *Pool) sendHomeLocked(w *worker) {
	w.becomeLocked(gone)
	p.freeLaneLocked(w)
	p.in.ThenLocked((*dismissal)(w))
}

// dismissal is the effect of a worker's end. The worker's goroutine reads next, and ends when it is
// closed.
type dismissal worker

func (d *dismissal) Apply() { close(d.next) }

// takeLaneLocked returns the number of a new worker. The number that was given back last is used
// first.
func (p *Pool) takeLaneLocked() int32 {
	if last := len(p.lanes) - 1; last >= 0 {
		lane := p.lanes[last]
		p.lanes = p.lanes[:last]
		return lane
	}
	p.nextLane++
	return p.nextLane - 1
}

// freeLaneLocked gives the number of a worker that goes to a later one.
func (p *Pool) freeLaneLocked(w *worker) {
	delete(p.byLane, w.lane)
	p.lanes = append(p.lanes, w.lane)
}

// goroutineLocked returns the number of the goroutine that runs n; 0: it is the submitter's. It is
// for lists of tasks; 0 also for a worker that has not begun to run.
func (p *Pool) goroutineLocked(n *task.Node) int64 {
	if w := p.byLane[n.Lane]; w != nil && !n.Is(task.OnCaller) {
		return w.goroutine.Load()
	}
	return 0
}

// reapAfterLocked sets the reaper's timer, and counts it as one of the pool's goroutines, so that
// Close waits for a reap that is under way. exited counts it from here until reap has run, or
// dismiss has stopped the timer.
func (p *Pool) reapAfterLocked(d time.Duration) {
	p.reaping = true
	p.exited.Add(1)
	if p.reaper == nil {
		p.reaper = time.AfterFunc(d, p.reap)
	} else {
		p.reaper.Reset(d)
	}
}

// reap ends the workers that have been idle for IdleTimeout. Without idle ones there is no timer.
func (p *Pool) reap() {
	defer p.exited.Done()
	p.in.Lock()
	p.reaping = false
	now := time.Now()
	for len(p.idle) > p.cfg.MinWorkers {
		oldest := p.idle[0]
		if left := p.cfg.IdleTimeout - now.Sub(oldest.since); left > 0 {
			p.reapAfterLocked(left)
			break
		}
		p.idle = p.idle[1:]
		p.sendHomeLocked(oldest)
	}
	p.in.Commit()
}

// dismiss ends all workers of a drained pool and waits until they are gone. A worker that is still
// on its way to park goes home by itself, since the pool is drained.
func (p *Pool) dismiss() {
	p.in.Lock()
	for _, w := range p.idle {
		p.sendHomeLocked(w)
	}
	p.idle, p.cfg.MinWorkers = nil, 0
	if p.reaping && p.reaper.Stop() {
		p.reaping = false
		p.exited.Done()
	}
	p.in.Commit()
	p.exited.Wait()
}
