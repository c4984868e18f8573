package eventloop

// leave lets the started tasks finish, since fibers never outlive the Run that made them. Nothing
// else runs meanwhile: callbacks, timers and task starts are left for another Run. It reports false
// when no task is left. A fiber that is dropped half-way would never run its deferred calls.
//
// One step for each call: its driver comes back until no task is left. It takes the place of step
// while a Run ends.
func (l *Loop) leave() bool {
	if l.live == 0 {
		return false
	}
	if !l.leaving {
		l.cancelMissed()
	}
	if l.poller.due() { // tasks may read and write until they have ended
		l.poller.poll()
	}
	l.in.Lock()
	l.sortWakesLocked()
	if e, ok := l.wakes.pop(); ok {
		l.in.Commit()
		l.call(postedPhase, e)
		return true
	}
	now := l.now()
	// Sleeps of tasks only: other timers are callbacks, which wait for the next Run.
	d := l.firstTimerLocked(now, true)
	if d.timer == nil || d.when > now {
		if l.jumpLocked(true) {
			l.in.Commit()
			return true
		}
		alarm, asleep := l.fallAsleepLocked(d.when, now)
		l.in.Commit()
		if asleep {
			l.park(alarm)
		}
		return true
	}
	l.takeTimerLocked(d)
	l.in.Commit()
	l.call(timersPhase, entry{fn: d.timer.fn})
	return true
}

// cancelMissed cancels the tasks that started while stopWith cancelled those that had: the loop had
// looked for a stop before, and took the task from the queue after. No task starts from here on.
func (l *Loop) cancelMissed() {
	l.in.Lock()
	why := l.stop
	l.in.Commit()
	l.in.CancelStarted(why)
}

// sortWakesLocked moves the wake-ups of tasks from the posts to wakes, once; from then on
// push puts them there.
func (l *Loop) sortWakesLocked() {
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
	// First those of the turn, which are older.
	l.turn.posted.drop(take)
	l.inbox.drop(take)
}
