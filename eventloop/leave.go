package eventloop

// leave lets the tasks that have started come to their end, since fibers never outlive the Run that made them. Nothing
// else runs meanwhile: callbacks, timers and task starts stay for another Run. It reports false when no task is left.
func (l *Loop) leave() bool {
	if l.live == 0 {
		return false
	}
	l.in.Lock()
	l.sortWakes()
	if e, ok := l.wakes.pop(); ok {
		l.in.Unlock()
		l.call(postedPhase, e)
		return true
	}
	now := l.now()
	d := l.firstTimer(now, true)
	if d.timer == nil || d.when > now {
		l.parkUntil(d.when, now)
		return true
	}
	l.takeTimer(d)
	l.in.Unlock()
	l.call(timersPhase, entry{fn: d.timer.fn})
	return true
}

// sortWakes is locked: it takes the wake-ups of tasks out of what is posted, once; from then on push does.
func (l *Loop) sortWakes() {
	if l.leaving {
		return
	}
	l.leaving = true
	take := func(e entry) bool {
		if e.wait != nil {
			l.wakes.push(e)
		}
		return e.wait != nil
	}
	l.turn.posted.drop(take)
	l.inbox.drop(take)
}
