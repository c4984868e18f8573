package eventloop

import "time"

// idle parks the loop until there is something to run. It reports false when nothing can come.
func (l *Loop) idle() bool {
	l.in.Lock()
	l.releasePosts()
	if l.inbox.full.Load() || len(l.immediates) > 0 && l.alive() || l.closing.size > 0 || l.stop != nil { // stop: step sees to it
		l.in.Unlock()
		return true
	}
	if !l.alive() {
		l.in.Unlock()
		return l.beforeExit()
	}
	now := l.now()
	l.parkUntil(l.firstTimer(now, false).when, now)
	return true
}

func (l *Loop) beforeExit() bool {
	if l.cfg.BeforeExit == nil || l.turn.exits {
		return false
	}
	l.turn.exits = true
	l.cfg.BeforeExit()
	return true
}

// alive is locked: something keeps Run from returning.
func (l *Loop) alive() bool {
	if l.in.Drained() {
		return false
	}
	if l.held > 0 || l.in.Unfinished() > 0 || l.inbox.full.Load() || l.closing.size > 0 || len(l.owed) > 0 {
		return true
	}
	for _, i := range l.immediates {
		if i.fn != nil && !i.unref {
			return true
		}
	}
	return false
}

// parkUntil is called locked, and unlocks: it parks until then, or until the loop is roused.
func (l *Loop) parkUntil(when, now time.Duration) {
	l.nextDue.Store(int64(when))
	var alarm <-chan time.Time
	if when != never {
		if when <= now {
			l.in.Unlock()
			return
		}
		alarm = l.setAlarm(l.wakeAt(when) - now)
	}
	l.asleep.Store(true)
	if !l.leaving && l.inbox.full.Load() { // see posted
		l.asleep.Store(false)
		l.in.Unlock()
		return
	}
	l.parkedAt, l.turn.last = now, called{}
	if l.attention.Load()&lookAsked != 0 {
		l.attention.And(^lookAsked)
	}
	l.in.Unlock()
	l.park(alarm)
	l.health.idle += l.now() - now
}

// grain is how much later than it could a crowded loop wakes for its timers, so that one waking, which costs as much as
// dozens of them, serves many.
const grain = 1 << 19 // 524 µs

// wakeAt is locked: when to wake for a timer.
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
		l.in.Unlock()
	}
}

// rouse is locked: it wakes the loop if it is parked.
func (l *Loop) rouse() {
	if l.asleep.Load() {
		l.asleep.Store(false)
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
