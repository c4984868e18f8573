package gil

import (
	"slices"
	"time"
)

// cores are the processors of the simulated machine, given to the threads that compute in turn.
type cores struct {
	n, busy int
	queue   []*vthread
}

// want computes t's segment, when there is a core.
func (c *cores) want(v *virtual, t *vthread) {
	if c.busy == c.n {
		c.queue = append(c.queue, t)
		return
	}
	c.busy++
	t.begun = v.clock()
	slice := t.seg.d
	if t.seg.checks && v.lock.requested {
		slice = min(slice, v.s.cfg.Machine.Check)
	}
	t.stop = v.after(min(slice, v.s.cfg.Machine.Quantum), func() { c.sliceEnded(v, t) })
}

// interrupt makes the lock's holder, if it computes with checkpoints, stop at the next one.
func (c *cores) interrupt(v *virtual, t *vthread) {
	if t.stop == nil || !t.seg.checks || t.seg.d <= 0 || !t.computing(c) {
		return
	}
	t.stop()
	check := v.s.cfg.Machine.Check
	ran := v.clock() - t.begun
	next := (ran + check - 1) / check * check
	t.stop = v.after(min(next, t.seg.d)-ran, func() { c.sliceEnded(v, t) })
}

// computing reports whether t has a core.
func (t *vthread) computing(c *cores) bool {
	return !slices.Contains(c.queue, t)
}

func (c *cores) sliceEnded(v *virtual, t *vthread) {
	ran := v.clock() - t.begun
	t.seg.d -= ran
	t.Computed += ran
	c.busy--
	if len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.want(v, next)
	}
	switch seg := t.seg; {
	case seg.locked && seg.checks && v.lock.requested:
		v.drop(t)
	case seg.d > 0:
		c.want(v, t)
	case seg.locked:
		v.resume(t)
	default:
		t.slept = v.clock()
		v.take(t)
	}
}

// state is what a thread does.
type state uint8

const (
	waiting      state = iota // for the lock
	running                   // with the lock
	blockedState              // in Sleep, Suspend or Block
	ended
)

// ThreadFigures is what became of one thread's time under the Virtual clock.
type ThreadFigures struct {
	Task      uint64 // its number, as in events
	Label     string
	Run       time.Duration // with the lock
	Wait      time.Duration // for the lock, or without it while it computes
	Blocked   time.Duration // in Sleep, Suspend and Block
	Computed  time.Duration // on a core
	Forced    uint64        // times it dropped the lock on request
	Voluntary uint64        // times it released the lock by itself
	Lost      uint64        // times it was woken and found the lock taken
}

// set changes t's state, and accounts for the one before.
func (t *vthread) set(v *virtual, to state) {
	now := v.clock()
	switch d := now - t.since; t.state {
	case waiting:
		t.Wait += d
	case running:
		t.Run += d
	case blockedState:
		t.Blocked += d
	}
	t.since = now
	if t.n != nil && to != ended && t.state != ended {
		v.s.in.Lock()
		v.s.in.SetWaiting(t.n, to != running)
		v.s.in.Unlock()
	}
	t.state = to
}

// check panics when t's states do not add up to its time.
func (t *vthread) check(v *virtual) {
	if sum := t.Run + t.Wait + t.Blocked; sum != v.clock()-t.born {
		panic("gil: invariant broken: a thread's states add up to " + sum.String() + " of " + (v.clock() - t.born).String())
	}
}

// Figures returns what became of the threads that have ended, under the Virtual clock, in the order of their ends. It
// must not be called before Shutdown or Close has returned nil.
func (s *Scheduler) Figures() []ThreadFigures {
	if v, ok := s.engine.(*virtual); ok {
		return v.figures
	}
	return nil
}
