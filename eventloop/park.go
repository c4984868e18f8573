package eventloop

import "time"

// idle is called at the end of a turn. It parks the loop until there is something to run, and
// reports false when the Run is over. All is decided in one section: a post that comes after it
// finds asleep set, and wakes the loop.
func (l *Loop) idle() bool {
	l.in.Lock()
	// First, since it may drain the loop, which alive has to see.
	l.releasePostsLocked()
	if l.stop != nil { // step sees to it
		l.in.Commit()
		return true
	}
	if !l.aliveLocked() {
		l.in.Commit()
		return l.beforeExit()
	}
	// There is work for the next turn already.
	if l.inbox.full.Load() || l.poller.due() || len(l.immediates) > 0 || l.closing.size > 0 {
		l.in.Commit()
		return true
	}
	if l.jumpLocked(false) {
		l.in.Commit()
		return true
	}
	now := l.now()
	alarm, asleep := l.fallAsleepLocked(l.firstTimerLocked(now, false).when, now)
	l.in.Commit()
	if asleep {
		l.park(alarm)
	}
	return true
}

// livesOn reports whether something keeps the loop alive. It is asked at the beginning of a Run,
// before any phase, as uv_run begins with uv__loop_alive.
func (l *Loop) livesOn() bool {
	l.in.Lock()
	alive := l.aliveLocked()
	l.in.Commit()
	return alive || l.beforeExit()
}

// beforeExit calls BeforeExit, with the ticks and microtasks that follow it, and reports whether
// something keeps the loop alive now. A BeforeExit that panics brings the loop here a second time,
// and is not called again. Node's SpinEventLoop (src/api/embed_helpers.cc) does the same: it emits
// 'beforeExit', asks uv_loop_alive, and runs the loop again if that has become true.
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
	return l.aliveLocked()
}

// drained reports whether a stop has begun, and all that was accepted has ended.
func (l *Loop) drained() bool {
	l.in.Lock()
	defer l.in.Commit()
	return l.in.DrainedLocked()
}

// aliveLocked reports whether something keeps Run from returning. The list is that of the
// package comment under Stopping. Connections, listeners and timers are in held. The immediates are
// searched last, since they may be many, and one that counts is mostly the first.
func (l *Loop) aliveLocked() bool {
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

// fallAsleepLocked makes ready to park until when, or until the loop is roused. It reports false
// where there is something to do first. The caller unlocks, and then parks with alarm.
//
// It is the only place that sets asleep. The order: nextDue first, so that an addTimerLocked for an
// earlier time wakes the loop; then asleep; then the last look at posts and sockets, which arrive
// without the lock (see posted). While a Run ends, posts are for the next one, and are not looked
// at.
func (l *Loop) fallAsleepLocked(when, now time.Duration) (alarm <-chan time.Time, asleep bool) {
	l.nextDue.Store(int64(when))
	if when != never {
		if when <= now {
			return nil, false
		}
		if l.cfg.Clock == nil {
			alarm = l.setAlarm(l.wakeAtLocked(when) - now)
		}
	}
	l.asleep.Store(true) // from the unlock on, Health reads the loop's own counters
	if l.poller.due() || !l.leaving && l.inbox.full.Load() {
		l.asleep.Store(false)
		return nil, false
	}
	l.parkedAt, l.turn.last = now, called{}
	if l.attention.Load()&lookAsked != 0 {
		// The callbacks have ended, so the watchdog's question is answered: none was slow.
		l.attention.And(^lookAsked)
	}
	l.turn.noteLag(l, now) // nothing is posted any more
	return alarm, true
}

// grain is the most by which a crowded loop wakes late for its timers. A wake-up costs as much as
// dozens of timers, so one serves many.
const grain = 1 << 19 // 524 µs

// wakeAtLocked returns when to wake for a timer that is due at when. A timer never fires
// early, so the time is rounded up.
func (l *Loop) wakeAtLocked(when time.Duration) time.Duration {
	if l.timers.crowded() && when < never-grain {
		return (when + grain - 1) / grain * grain
	}
	return when
}

// park waits for rouse or the alarm, after fallAsleepLocked.
//
// Invariant: each change of asleep to false sends one token to wake, and each park takes one. So
// wake, which has room for one, never blocks a rouse, which holds the lock. The alarm sends no
// token; where it fires first the loop rouses itself, so that the time asleep is counted in one
// place.
func (l *Loop) park(alarm <-chan time.Time) {
	if alarm == nil {
		<-l.wake // a select costs more
		l.turn.woke = l.rousedAt
		return
	}
	select {
	case <-l.wake:
		l.alarm.Stop()
	case <-alarm:
		l.in.Lock()
		if l.asleep.Load() {
			l.rouseLocked()
		}
		<-l.wake // of this rouse, or of one at the same moment
		l.in.Commit()
	}
	l.turn.woke = l.rousedAt
}

// rouseLocked wakes the loop if it is parked, and may be called for nothing.
func (l *Loop) rouseLocked() {
	if l.asleep.Load() {
		l.asleep.Store(false)
		l.rousedAt = l.now()
		l.health.idle += l.rousedAt - l.parkedAt
		l.armWatchdogLocked()
		l.wake <- struct{}{}
	}
}

// setAlarm sets the loop's only runtime timer. A Timer that has been stopped, or reset, delivers no
// old value: so Go 1.23 and later promise.
func (l *Loop) setAlarm(d time.Duration) <-chan time.Time {
	if l.alarm == nil {
		l.alarm = time.NewTimer(d)
	} else {
		l.alarm.Reset(d)
	}
	return l.alarm.C
}
