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

// Pop takes the first timer out that is due, and reports whether there is one; if not, until when there is none.
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
