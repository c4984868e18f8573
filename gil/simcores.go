package gil

import (
	"slices"
	"time"
)

// cores are the processors of the simulated machine, given to the threads that compute in turn.
type cores struct {
	n       int
	running []*vthread // have a core
	queue   []*vthread // want one
	stuck   []*vthread // were woken on a core of these, and want that one
}

// want computes what is left of t's segment, when there is a core.
func (s *sim) want(t *vthread) {
	c := &s.cores
	if len(c.running) == c.n {
		c.queue = append(c.queue, t)
		s.hurry()
		return
	}
	c.running = append(c.running, t)
	owed := t.owed
	t.left += owed
	t.owed = 0
	t.paid = owed
	t.slice = s.now + owed // what it owes has no checkpoints
	slice := t.left
	if t.op.Do == DoCompute && t.lock != nil {
		switch l := t.lock; {
		case s.period > 0:
			if l.waiters.n+l.flying > 0 {
				slice = min(slice, owed+s.period)
			}
		case s.policy.Checkpoint(l.state()):
			slice = min(slice, owed+s.machine.Check)
		}
	}
	if len(c.queue) > 0 {
		slice = min(slice, owed+s.machine.Quantum)
	}
	s.agenda.put(t, s.now+slice, onSlice)
}

// hurry ends the slices of those who have a core with their quantum, since somebody wants one.
func (s *sim) hurry() {
	for _, t := range s.cores.running {
		s.endSlice(t, s.machine.Quantum)
	}
}

// interrupt makes a lock's holder, if it computes with checkpoints, stop at the next one.
func (s *sim) interrupt(t *vthread) {
	if t.op.Do == DoCompute && slices.Contains(s.cores.running, t) {
		if s.period > 0 {
			s.endSlice(t, s.period)
		} else {
			s.endSlice(t, s.machine.Check)
		}
	}
}

// endSlice has t's slice end at the next multiple of a time, unless it ends before.
func (s *sim) endSlice(t *vthread, multiple time.Duration) {
	ran := max(s.now-t.slice, 0)
	end := t.slice + max((ran+multiple-1)/multiple, 1)*multiple
	if t.place > 0 && s.agenda.heap[t.place-1].at > end {
		s.agenda.put(t, end, onSlice)
	}
}

func (s *sim) sliceEnded(t *vthread) {
	ran := s.now - t.slice + t.paid
	t.left -= ran
	t.Computed += ran
	locked := t.lock != nil && t.op.Do != DoRelease
	if locked {
		t.Locked += ran
	}
	s.leaveCore(t)
	switch {
	case t.op.Do == DoRelease && t.left <= 0:
		t.asleep = s.now
		s.take(t)
	case t.op.Do == DoCompute && locked && s.period > 0 && t.left > 0 && t.lock.waiters.n+t.lock.flying > 0:
		s.tick(t)
	case t.op.Do == DoCompute && locked && s.policy.Checkpoint(t.lock.state()):
		s.drop(t)
	case t.left > 0:
		s.want(t)
	default:
		if t.op.Do == DoHold && s.watch != nil {
			t.show(s)
		}
		s.advance(t)
	}
}

func (s *sim) leaveCore(t *vthread) {
	c := &s.cores
	i := slices.Index(c.running, t)
	c.running = slices.Delete(c.running, i, i+1)
	if len(c.stuck) > 0 {
		s.vacate(t)
	}
	if len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = append(c.queue[:0], c.queue[1:]...)
		s.want(next)
	}
}

// misplaced puts off what a timer has for t, in so many cases of a thousand: it woke its thread on a busy core, though
// another is idle, and no core looks for work so soon.
func (s *sim) misplaced(t *vthread, what occasion) bool {
	if t.stuckOn != nil {
		s.unstick(t)
		return false
	}
	long := s.now-t.asleep >= time.Millisecond
	if !long || len(s.cores.running) == 0 || !t.places.chance(s.machine.Misplaced) {
		return false
	}
	t.stuckOn = s.cores.running[0]
	s.cores.stuck = append(s.cores.stuck, t)
	s.agenda.put(t, s.now+s.machine.Quantum, what)
	return true
}

func (s *sim) unstick(t *vthread) {
	if t.stuckOn != nil {
		t.stuckOn = nil
		s.cores.stuck = slices.DeleteFunc(s.cores.stuck, func(o *vthread) bool { return o == t })
	}
}

// vacate lets those go on who were woken on t's core.
func (s *sim) vacate(t *vthread) {
	for _, o := range s.cores.stuck {
		if o.stuckOn == t && o.place > 0 {
			s.agenda.put(o, s.now, o.due)
		}
	}
}

// timer is the end of a sleep.
func (s *sim) timer(t *vthread) {
	if !s.misplaced(t, onTimer) {
		s.take(t)
	}
}
