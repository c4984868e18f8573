package eventloop

import "time"

// Timer calls a function at a time, or at intervals. Its methods may be called from any goroutine.
// Invariant, under the lock: seq is not 0 exactly while the timer has a fresh place in its
// calendar.
type Timer struct {
	// All that changes after AfterFunc and Every is guarded by the loop's lock.
	loop     *Loop
	fn       func()
	seq      uint64 // of its place in the calendar; 0: it has none
	number   uint64 // of its callback, for Config.Callbacks; 0: nobody looks
	interval *interval
	unref    bool
	task     bool // a task's Sleep: it counts as that task
	firing   bool // an interval's callback runs
	stopped  bool // Stop was called since the last Reset
}

// interval is the part of a timer that only Every's have.
type interval struct {
	every  time.Duration
	rate   bool
	missed uint64
}

// EveryOption is an option of [Loop.Every].
type EveryOption func(*interval)

// FixedRate keeps an interval on its grid. A tick that cannot run in time is left out, and
// Timer.Missed counts it. The default is a fixed delay, which counts from the beginning of the last
// callback (as in Node).
func FixedRate() EveryOption { return func(i *interval) { i.rate = true } }

// AfterFunc has fn run on the loop after d, never earlier (Node's setTimeout). d counts from the
// call, by a fresh reading of the clock. (Node and asyncio count from the beginning of the callback
// that makes the timer, so that after a long callback a timer fires early.) Timers with one
// deadline fire in the order in which they were made. A d that is not positive means the next
// timers phase. With over 1,024 timers set, the loop sleeps up to half a millisecond longer, to
// fire many at once. The timer keeps Run from returning until it has fired, or is stopped or
// unreferenced. After Close it never fires.
func (l *Loop) AfterFunc(d time.Duration, fn func()) *Timer {
	l.made()
	if fn == nil {
		panic("eventloop: AfterFunc of a nil func")
	}
	if l.cfg.Debug {
		fn = l.placed(fn)
	}
	t := &Timer{loop: l, fn: fn}
	t.Reset(d)
	return t
}

// Every has fn run on the loop every d (Node's setInterval). Runs never overlap. It panics when d
// is not positive.
func (l *Loop) Every(d time.Duration, fn func(), opts ...EveryOption) *Timer {
	l.made()
	if fn == nil {
		panic("eventloop: Every of a nil func")
	}
	if d <= 0 {
		panic("eventloop: Every needs a positive interval")
	}
	if l.cfg.Debug {
		fn = l.placed(fn)
	}
	t := &Timer{loop: l, fn: fn, interval: &interval{every: d}}
	for _, opt := range opts {
		opt(t.interval)
	}
	t.Reset(d)
	return t
}

// later returns t+d, at most the last time before never. Neither is negative. So a deadline never
// overflows, and a timer set for the longest time still fires before never. never-1-t cannot
// overflow, as t is not negative.
func later(t, d time.Duration) time.Duration { return t + min(d, never-1-t) }

// Stop keeps the timer from firing, and reports whether it did. After true nothing runs, even if
// the timer was due. In the callback of an interval it prevents the next one. It costs the same
// however many timers there are: the place in the calendar stays, and is stale.
func (t *Timer) Stop() bool {
	l := t.loop
	l.in.Lock()
	// While its callback runs, an interval has no place in the calendar. Stop prevents the next one
	// all the same, and says so.
	again := t.firing && t.interval != nil && !t.stopped
	t.stopped = true
	active := l.removeTimerLocked(t)
	number := t.number
	l.in.Commit()
	if active {
		l.dropped(QueueTimers, number)
	}
	return active || again
}

// Reset sets the timer anew, to fire after d. It reports whether the timer was still to fire.
func (t *Timer) Reset(d time.Duration) bool {
	l := t.loop
	// Before the lock, since Observe is the user's code.
	number := l.seen(QueueTimers)
	l.in.Lock()
	active := l.removeTimerLocked(t)
	t.stopped = false
	// The old callback is told as dropped after the unlock, under the number that it had.
	t.number, number = number, t.number
	now := l.now()
	l.addTimerLocked(t, later(now, max(d, 0)), now)
	l.in.Commit()
	if active {
		l.dropped(QueueTimers, number)
	}
	return active
}

// Unref lets Run return although the timer has not fired.
func (t *Timer) Unref() { t.setUnref(true) }

// Ref undoes Unref.
func (t *Timer) Ref() { t.setUnref(false) }

// setUnref moves the timer from one side of the count to the other, if it is set. Otherwise
// addTimerLocked will count.
func (t *Timer) setUnref(unref bool) {
	l := t.loop
	l.in.Lock()
	defer l.in.Commit()
	if t.seq != 0 && t.unref != unref {
		l.refTimerLocked(t, -1)
		t.unref = unref
		l.refTimerLocked(t, 1)
	}
	t.unref = unref
}

// Missed is how many ticks of a FixedRate interval were left out.
func (t *Timer) Missed() uint64 {
	t.loop.in.Lock()
	defer t.loop.in.Commit()
	if t.interval == nil {
		return 0
	}
	return t.interval.missed
}

// refTimerLocked counts a timer that keeps Run from returning, or counts it out (n is -1).
// It is called with each change of seq between zero and not zero, and of unref while seq is not
// zero, so that held is exact. A sleep is not counted: its task is.
func (l *Loop) refTimerLocked(t *Timer, n int) {
	if !t.unref && !t.task {
		l.holdLocked(n)
	}
}

// calendarOf keeps the sleeps of tasks apart: they still fire while Run waits for its tasks to end.
// In one calendar with the others, leave would have to search for them.
func (l *Loop) calendarOf(t *Timer) *calendar {
	if t.task {
		return &l.sleeps
	}
	return &l.timers
}

// firstTimerLocked returns the place of the timer that is to fire first, of both calendars.
// Its timer is nil when none is to fire before its when: a slot that is not open yet bounds its
// timers without an order among them.
func (l *Loop) firstTimerLocked(now time.Duration, sleepsOnly bool) due {
	first := l.sleeps.first(now)
	if !sleepsOnly {
		if t := l.timers.first(now); t.before(first) {
			first = t
		}
	}
	return first
}

// addTimerLocked sets a timer. The caller has taken out the timer's earlier place, if it had one.
// seq orders timers of one deadline by their creation, and is what makes the old places of a timer
// stale (see due).
func (l *Loop) addTimerLocked(t *Timer, when, now time.Duration) {
	l.seq++
	t.seq = l.seq
	l.calendarOf(t).push(due{when: when, seq: t.seq, timer: t}, now)
	l.refTimerLocked(t, 1)
	if when < time.Duration(l.nextDue.Load()) {
		l.nextDue.Store(int64(when))
		l.rouseLocked()
	}
}

// removeTimerLocked takes the timer out, and reports whether it was set. Its place stays,
// and is stale from now on.
func (l *Loop) removeTimerLocked(t *Timer) bool {
	if t.seq == 0 {
		return false
	}
	t.seq = 0
	l.calendarOf(t).forget()
	l.refTimerLocked(t, -1)
	return true
}

// dueTimerLocked takes out the first timer that was due at the phase's start and set before
// it, and returns it with its deadline. The timer is nil if there is none. Where nothing more is
// due, nextDue gets the time to look again, which the phases read without the lock.
func (l *Loop) dueTimerLocked(at time.Duration, before uint64) (t *Timer, when time.Duration) {
	d := l.firstTimerLocked(at, false)
	if d.when > at || d.seq > before || d.timer == nil {
		l.nextDue.Store(int64(d.when))
		return nil, 0
	}
	l.takeTimerLocked(d)
	d.timer.firing = d.timer.interval != nil
	return d.timer, d.when
}

// takeTimerLocked takes out d, which comes first in its calendar.
func (l *Loop) takeTimerLocked(d due) {
	l.calendarOf(d.timer).take()
	d.timer.seq = 0
	l.refTimerLocked(d.timer, -1)
}

// rearm sets an interval again when its callback has returned. The delay counts from the callback's
// beginning. As in Node, whose listOnTimeout takes the time before the call and inserts the timer
// after it (lib/internal/timers.js). The callback is told as queued without the lock, so its number
// is noted in a second section.
func (l *Loop) rearm(f fired) {
	l.in.Lock()
	again := l.rearmLocked(f)
	l.in.Commit()
	if again && l.cfg.Callbacks != nil {
		number := l.seen(QueueTimers)
		l.in.Lock()
		f.timer.number = number
		l.in.Commit()
	}
}

// rearmLocked leaves an interval alone that its callback has stopped or reset: then seq or stopped
// tell. It runs before the next callback, so that one finds the interval set.
func (l *Loop) rearmLocked(f fired) bool {
	t, i := f.timer, f.timer.interval
	t.firing = false
	// A Reset in the callback has set it already, with a time of its own.
	if i == nil || t.stopped || t.seq != 0 {
		return false
	}
	now := l.now()
	next := later(f.began, i.every)
	if i.rate {
		// From the deadline and not from the callback's beginning: lateness does not add up. Whole
		// intervals that have passed are counted as missed, so that the next tick lies on the grid
		// and not before now.
		next = later(f.when, i.every)
		if late := now - next; late > 0 {
			skipped := uint64(late / i.every)
			i.missed += skipped
			next += time.Duration(skipped) * i.every
		}
	}
	l.addTimerLocked(t, next, now)
	return true
}
