package eventloop

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Clock is virtual time for loops: for simulations, lessons and tests that need no bubble of
// testing/synctest. It begins at the Unix epoch, in UTC, and stands still while callbacks run. When
// a loop with this clock would park for a timer, the clock jumps to that timer's time, but not
// while a function given to quartet.Block runs, a KeepAlive is held or a Then is owed. A callback
// that stands for one that computes calls Advance. The zero Clock is ready. Its methods may be
// called from any goroutine. Loops with one Clock must not run at the same time.
type Clock struct {
	// Nanoseconds since the Unix epoch. One word, so that Now needs no lock.
	since atomic.Int64
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time { return time.Unix(0, c.since.Load()).UTC() }

// Advance moves the clock on by d. It panics when d is negative.
func (c *Clock) Advance(d time.Duration) {
	if d < 0 {
		panic(fmt.Sprintf("eventloop: Clock.Advance(%v): time does not go back", d))
	}
	c.since.Add(int64(d))
}

// time returns the time of events.
func (l *Loop) time() time.Time {
	if c := l.cfg.Clock; c != nil {
		return c.Now()
	}
	return time.Now()
}

// now is the time since the loop's base. It is what all deadlines of timers count in.
func (l *Loop) now() time.Duration {
	if c := l.cfg.Clock; c != nil {
		return time.Duration(c.since.Load()) - l.began
	}
	return time.Since(l.base)
}

// jumpLocked moves a virtual clock to the next timer, and reports whether it did. The loop calls it
// where it would park. A function in Block, or a promise of Then or KeepAlive, is work elsewhere
// that takes real time: the clock waits for it, and the loop really parks. Connections are not
// asked about: their peers have no part in virtual time.
func (l *Loop) jumpLocked(sleepsOnly bool) bool {
	if l.cfg.Clock == nil || l.blocking.away > 0 || len(l.owed) > 0 {
		return false
	}
	now := l.now()
	when := l.firstTimerLocked(now, sleepsOnly).when
	if when == never {
		return false
	}
	l.cfg.Clock.Advance(max(when-now, 0))
	l.nextDue.Store(int64(when))
	return true
}

// holdTime keeps a virtual clock from jumping while a task is in Block. (The blockers' own count
// cannot serve: it falls before the task is woken, and the clock could jump in between.)
func (l *Loop) holdTime(n int) {
	if l.cfg.Clock != nil {
		l.in.Lock()
		l.blocking.away += n
		l.in.Commit()
	}
}
