package gil

import "time"

// The kernel's fair scheduler (EEVDF, since Linux 6.6). Each thread has a lag: by how much it had
// less of a core than its share while others wanted that core too. A thread that wakes on a busy
// core displaces what runs there only if it has a lag. Else it waits for the kernel's tick. The lag
// outlasts a sleep, but what a thread owes others is forgiven.

// settle books the lags of c's threads up to now. Call it before anything changes there. The gains
// of a core's threads add up to nothing, but for the bounds in gain.
func (s *sim) settle(c *core) {
	d := s.now - c.settled
	c.settled = s.now
	if c.running == nil || len(c.queue) == 0 || d <= 0 {
		return
	}
	n := time.Duration(len(c.queue) + 1)
	c.running.gain(-d*(n-1)/n, s.machine.Quantum)
	for _, t := range c.queue {
		t.gain(d/n, s.machine.Quantum)
	}
}

// gain adds to t's lag, which is never above most, nor below 0. The upper bound is the kernel's
// too: a lag is clamped (update_entity_lag in fair.c).
func (t *vthread) gain(d, most time.Duration) { t.lag = min(max(t.lag+d, 0), most) }

// preempts says whether t, which wakes on a busy core, displaces what runs there. It pays for the
// switch with its lag.
func (s *sim) preempts(t *vthread, c *core) bool {
	if !s.machine.Fair {
		return true
	}
	if t.lag <= 0 {
		return false
	}
	t.gain(-s.switching/2, s.machine.Quantum)
	c.running.gain(s.switching/2, s.machine.Quantum)
	return true
}

// nextTurn is the first tick of the kernel's at which c goes to the next thread of its queue: what
// runs there has it for a third of a Quantum at least. phase shifts all ticks alike, so those of
// all cores come at once, as the kernel's do.
func (s *sim) nextTurn(c *core) time.Duration {
	from := max(c.since+s.machine.Quantum/3, s.now) - s.phase
	return from + s.machine.Quantum - from%s.machine.Quantum + s.phase
}
