package eventloop

import "time"

// idle parks the loop until there is something to run. It reports false when the Run is over.
func (l *Loop) idle() bool {
	l.in.Lock()
	l.releasePosts()
	if l.stop != nil { // step sees to it
		l.in.Commit()
		return true
	}
	if !l.alive() {
		l.in.Commit()
		return l.beforeExit()
	}
	if l.inbox.full.Load() || l.poller.due() || len(l.immediates) > 0 || l.closing.size > 0 {
		l.in.Commit()
		return true
	}
	if l.jumpLocked(false) {
		l.in.Commit()
		return true
	}
	now := l.now()
	l.parkUntil(l.firstTimer(now, false).when, now)
	return true
}

// livesOn reports whether something keeps the loop alive.
func (l *Loop) livesOn() bool {
	l.in.Lock()
	alive := l.alive()
	l.in.Commit()
	return alive || l.beforeExit()
}

// beforeExit calls BeforeExit, with the ticks and microtasks that follow it, and reports whether
// something keeps the loop alive now. A BeforeExit that panics brings the loop here a second time,
// and is not called again.
func (l *Loop) beforeExit() (revived bool) {
	t := &l.turn
	if l.cfg.BeforeExit == nil || l.drained() {
		return false
	}
	if !t.exits {
		t.exits = true
		l.cfg.BeforeExit()
	}
	l.checkpoint()
	t.exits = false
	l.in.Lock()
	defer l.in.Commit()
	t.phase = timersPhase // as at the beginning of a Run
	return l.alive()
}

// drained reports whether a stop is over.
func (l *Loop) drained() bool {
	l.in.Lock()
	defer l.in.Commit()
	return l.in.DrainedLocked()
}

// alive is locked. It reports whether something keeps Run from returning.
func (l *Loop) alive() bool {
	if l.in.DrainedLocked() {
		return false
	}
	if l.held > 0 || l.in.UnfinishedLocked() > 0 || l.inbox.full.Load() || l.closing.size > 0 || len(l.owed) > 0 {
		return true
	}
	for _, i := range l.immediates {
		if i.fn != nil && !i.unref {
			return true
		}
	}
	return false
}

// parkUntil is called locked, and unlocks. It parks until when, or until the loop is roused.
func (l *Loop) parkUntil(when, now time.Duration) {
	l.nextDue.Store(int64(when))
	var alarm <-chan time.Time
	if when != never {
		if when <= now {
			l.in.Commit()
			return
		}
		if l.cfg.Clock == nil {
			alarm = l.setAlarm(l.wakeAt(when) - now)
		}
	}
	l.asleep.Store(true)                                     // from the unlock on, Health reads the loop's own counters
	if l.poller.due() || !l.leaving && l.inbox.full.Load() { // see posted
		l.asleep.Store(false)
		l.in.Commit()
		return
	}
	l.parkedAt, l.turn.last = now, called{}
	if l.attention.Load()&lookAsked != 0 {
		l.attention.And(^lookAsked)
	}
	l.turn.noteLag(l, now) // nothing is posted any more
	l.in.Commit()
	l.park(alarm)
	l.turn.woke = l.rousedAt
}

// grain is the most by which a crowded loop wakes late for its timers. A wake-up costs as much as
// dozens of timers, so one serves many.
const grain = 1 << 19 // 524 µs

// wakeAt is locked. It returns when to wake for a timer that is due at when.
func (l *Loop) wakeAt(when time.Duration) time.Duration {
	if l.timers.crowded() && when < never-grain {
		return (when + grain - 1) / grain * grain
	}
	return when
}

// park waits for rouse or the alarm.
func (l *Loop) park(alarm <-chan time.Time) {
	if alarm == nil {
		<-l.wake // a select costs more
		return
	}
	select {
	case <-l.wake:
		l.alarm.Stop()
	case <-alarm:
		l.in.Lock()
		if l.asleep.Load() {
			l.rouse()
		}
		<-l.wake // of this rouse, or of one at the same moment
		l.in.Commit()
	}
}

// rouse is locked. It wakes the loop if it is parked.
func (l *Loop) rouse() {
	if l.asleep.Load() {
		l.asleep.Store(false)
		l.rousedAt = l.now()
		l.health.idle += l.rousedAt - l.parkedAt
		l.armWatchdog()
		l.wake <- struct{}{}
	}
}

// setAlarm sets the loop's only runtime timer.
func (l *Loop) setAlarm(d time.Duration) <-chan time.Time {
	if l.alarm == nil {
		l.alarm = time.NewTimer(d)
	} else {
		l.alarm.Reset(d)
	}
	return l.alarm.C
}
