package eventloop

// leaving says that Run is to return.
func (l *Loop) leaving() bool {
	l.in.Lock()
	defer l.in.Unlock()
	return l.stop != nil
}

// leave lets the tasks that have started come to their end, since fibers never outlive the Run that made them. Nothing
// else runs meanwhile: callbacks, timers and task starts stay for another Run. It reports false when no task is left.
func (l *Loop) leave() bool {
	if l.live == 0 {
		return false
	}
	l.in.Lock()
	if w := l.takeWake(); w != nil {
		l.in.Unlock()
		l.note(postedPhase)
		l.resume(w.node)
		return true
	}
	t := l.firstTimer(true)
	if t == nil || t.when > l.now() {
		l.parkUntil(t)
		return true
	}
	l.removeTimer(t)
	l.in.Unlock()
	l.note(timersPhase)
	t.fn()
	return true
}

// takeWake is locked: it takes the oldest wake-up of a task out of what is posted.
func (l *Loop) takeWake() *wait {
	t := &l.turn
	if w, rest := firstWake(t.posted[t.next:]); w != nil {
		t.posted = t.posted[:t.next+len(rest)]
		return w
	}
	w, rest := firstWake(l.posted)
	l.posted = rest
	return w
}

func firstWake(entries []entry) (w *wait, rest []entry) {
	for i, e := range entries {
		if e.wait != nil {
			return e.wait, append(entries[:i], entries[i+1:]...)
		}
	}
	return nil, entries
}
