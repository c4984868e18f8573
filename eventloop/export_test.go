package eventloop

import "time"

// Calendar is the timers' order, for tests of it alone: numbers take the place of timers.
type Calendar struct {
	c   calendar
	set map[*Timer]int
}

// NewCalendar returns an empty one.
func NewCalendar() *Calendar { return &Calendar{newCalendar(), make(map[*Timer]int)} }

// Push sets the timer with a number; remove takes it out again.
func (c *Calendar) Push(number int, when, now time.Duration) (remove func()) {
	t := &Timer{seq: uint64(number)}
	c.set[t] = number
	c.c.push(due{when: when, seq: t.seq, timer: t}, now)
	return func() {
		t.seq = 0
		c.c.forget()
		delete(c.set, t)
	}
}

// Pop takes the first due timer out, and reports whether there was one. If there was not, until is
// the time when the next timer is due.
func (c *Calendar) Pop(now time.Duration) (number int, ok bool, until time.Duration) {
	d := c.c.first(now)
	if d.timer == nil || d.when > now {
		return 0, false, d.when
	}
	c.c.take()
	number = c.set[d.timer]
	delete(c.set, d.timer)
	return number, true, 0
}

// Size is how many places it holds, stale ones included.
func (c *Calendar) Size() int { return c.c.size }

// NewWebSocketForTest speaks over any connection.
func NewWebSocketForTest(c *Conn, early []byte) *WebSocket { return newWebSocket(c, early) }

// PostClosing has fn run in the closing phase, as the end of a connection does.
func (l *Loop) PostClosing(fn func()) {
	l.in.Lock()
	defer l.in.Commit()
	l.pushClosingLocked(fn)
}

// PostPromised posts fn as a connection does, also when posts are refused.
func (l *Loop) PostPromised(fn func()) {
	l.in.Lock()
	defer l.in.Commit()
	l.pushCallLocked(fn)
}

// ServeLate posts a turn of c, as an effect of c does that runs late.
func (c *Conn) ServeLate() { (&effects{serve: true}).run(c) }

// ParkAfter parks the loop, which nobody runs, as it does when idle: meanwhile is called after the
// look into the inbox.
func (l *Loop) ParkAfter(meanwhile func()) {
	l.in.Lock()
	meanwhile()
	alarm, asleep := l.fallAsleepLocked(never, l.now())
	l.in.Commit()
	if asleep {
		l.park(alarm)
	}
}

// StopThenStart stops the Run, and starts the oldest queued task all the same, as a loop does that
// looked for a stop just before. It is called on the loop.
func (l *Loop) StopThenStart() {
	l.Stop()
	l.startOldest()
}
