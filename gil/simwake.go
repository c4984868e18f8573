package gil

import "time"

// outside is the core of whoever is on none.
const outside = -1

// rouse wakes t for an occasion, by another thread, or from outside: nil. It returns what that
// costs the waker. The thread runs some time after the beginning of the call that wakes it: an idle
// core has to be woken first, and a busy one to be interrupted. The cases go from the cheapest
// wake-up to the dearest: on the waker's core, on a core that is not asleep yet, on a busy one or
// one that has slept for a short time, on one that sleeps deeply. Machine's comments say which of
// their constants are measured.
//
// It draws from t's own streams alone, so a wake-up more or less of one thread shifts no other's.
func (s *sim) rouse(t, by *vthread, what occasion) (cost time.Duration) {
	m := &s.machine
	if t.ready { // it is awake, and waits for its core
		t.due = what
		return m.Call
	}
	c := &s.cores[max(t.core, 0)]
	from, chill := outside, time.Duration(0)
	if by != nil {
		from, chill = by.core, by.chill
		// The first call after a long pause pays for the cold caches, and the next ones do not.
		by.chill = 0
	}
	cost = m.Signal + chill
	if by != nil && t.core != from && s.besideWaker(t, by, c, what) {
		t.core = from
		c = &s.cores[from]
	}
	var d time.Duration
	switch {
	case s.period > 0 && t.core != from && c.running == nil && s.now-c.since < m.Signal: // its core is not asleep yet
		cost, d = m.Call, t.wakes.scale(2*m.NearWake, &medium)
	case t.core == from && s.period > 0 && what != onRun: // it displaces the waker at once
		d = t.wakes.scale(m.NearWake, &narrow)
	case t.core == from && what == onSignalled && by.op.Do == DoRelease && t.places.chance(m.Overtake):
		d = cost
	case t.core == from && what != onRun: // it finds the lock's mutex taken until the waker's call has ended
		d = cost + m.pipe() + t.wakes.scale(m.NearWake, &medium)
	case t.core == from: // it lets the waker's call end
		d = chill + t.wakes.scale(m.Signal+m.NearWake, &medium)
	case c.running == nil && s.now-c.since < m.NearWake: // it is not asleep yet
		cost = min(m.NearWake, m.Signal) + chill
		d = t.wakes.scale(m.HotWake, &narrow)
	case c.running != nil || s.now-c.since < m.HotWindow:
		d = t.wakes.scale(m.HotWake, &narrow)
	default:
		d = t.wakes.scale(m.ColdWake, &medium)
	}
	s.agenda.put(t, s.now+d, what)
	return cost
}

// besideWaker says whether t wakes on the core of the thread that wakes it. The kernel has it do so
// where its own core is busy and the waker, which has written to a pipe, is about to wait
// (WF_SYNC).
func (s *sim) besideWaker(t, by *vthread, c *core, what occasion) bool {
	if c.running != nil {
		return what == onRun && len(s.cores[by.core].queue) == 0
	}
	return !t.heavy && !by.heavy && t.places.chance(s.machine.WakeAffine)
}

// disturb has what runs on c, which t interrupted for a moment, end later. paid grows with left, so
// the time is booked as computing.
func (s *sim) disturb(c *core, t *vthread) {
	r, d := c.running, s.switching
	if r == nil || r == t || !r.computing || r.due != onSlice || d == 0 {
		return
	}
	r.left += d
	r.slice += d
	r.paid += d
	s.agenda.put(r, s.agenda.heap[r.place-1].at+d, onSlice)
}
