package eventloop

import (
	"os"
	"time"
)

// SetDeadline sets the read and the write deadline.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline ends the connection, with [os.ErrDeadlineExceeded], when it waits for the other
// side to send at t or after. A paused connection does not wait. A zero t means never. The error is
// always nil.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life != alive {
		return nil
	}
	s := c.seldomLocked()
	s.readBy = t
	c.armLocked(&s.readTimer, c.readTimeUp, t)
	return nil
}

// SetWriteDeadline ends the connection, with [os.ErrDeadlineExceeded], when it waits for the other
// side to take queued data at t or after. A zero t means never. The error is always nil.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life != alive {
		return nil
	}
	s := c.seldomLocked()
	s.writeBy = t
	c.armLocked(&s.writeTimer, c.writeTimeUp, t)
	return nil
}

// armLocked sets one of the connection's timers, which do not keep the loop alive: the connection
// does.
func (c *Conn) armLocked(timer **Timer, fn func(), at time.Time) {
	switch {
	case at.IsZero() && *timer == nil:
	case at.IsZero():
		(*timer).Stop()
	default:
		c.armForLocked(timer, fn, time.Until(at))
	}
}

// armForLocked takes the loop's lock (in Reset) under the connection's, which is the allowed order.
// A Timer is made once for each purpose, and reset from then on.
func (c *Conn) armForLocked(timer **Timer, fn func(), d time.Duration) {
	if *timer == nil {
		*timer = &Timer{loop: c.loop, fn: fn, unref: true}
	}
	(*timer).Reset(d)
}

// armCloseTimerLocked bounds, by CloseTimeout, a state that depends on the other side or on the
// program.
func (c *Conn) armCloseTimerLocked() {
	c.armForLocked(&c.seldomLocked().closeTimer, c.closeTimeUp, c.cfg.CloseTimeout)
}

// stopTimersLocked is for the end. A timer that fires at the same moment finds life changed.
func (c *Conn) stopTimersLocked() {
	s := c.seldom
	if s == nil {
		return
	}
	// A timer that was never set has cost nothing, and is nil.
	for _, timer := range []*Timer{s.readTimer, s.writeTimer, s.closeTimer, s.idleTimer} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// readBy and writeBy are called with the connection locked.
func (c *Conn) readBy() (t time.Time) {
	if c.seldom != nil {
		t = c.seldom.readBy
	}
	return t
}

func (c *Conn) writeBy() (t time.Time) {
	if c.seldom != nil {
		t = c.seldom.writeBy
	}
	return t
}

// lateLocked looks at real time: deadlines are those of net.Conn, and no part of a Config.Clock.
func (c *Conn) lateLocked(deadline time.Time) bool {
	return !deadline.IsZero() && c.life == alive && !time.Now().Before(deadline)
}

// endLateLocked ends a connection that has missed a deadline. It returns why the connection has
// ended, which may be an earlier reason.
func (c *Conn) endLateLocked(fx *effects) error {
	c.moveLocked(aborts, os.ErrDeadlineExceeded, fx)
	return c.err
}

// A deadline that passes while data is unread, or while nobody wants any, is no lateness of the
// other side.
func (c *Conn) readTimeUp() {
	c.timeUp(func() bool { return c.lateLocked(c.readBy()) && !c.readable && !c.paused && c.receiving == receives })
}

func (c *Conn) writeTimeUp() {
	c.timeUp(func() bool { return c.lateLocked(c.writeBy()) && c.buffered > 0 })
}

// timeUp runs on the loop, as a timer's callback. The deadline may have been moved since the timer
// was set, so it is looked at again. waitsLocked is called with the connection locked.
func (c *Conn) timeUp(waitsLocked func() bool) {
	var fx effects
	c.mu.Lock()
	if waitsLocked() {
		_ = c.endLateLocked(&fx)
	}
	c.mu.Unlock()
	fx.run(c)
}

// watchIdleLocked begins, or ends, to watch for IdleTimeout, after the handshake. It is called
// again when the handshake has ended, and by Configure.
func (c *Conn) watchIdleLocked() {
	switch {
	case c.life != alive || shakes(c.via):
	case c.cfg.IdleTimeout > 0:
		s := c.seldomLocked()
		s.lastActive = c.loop.now()
		c.armForLocked(&s.idleTimer, c.idleTimeUp, c.cfg.IdleTimeout)
	case c.seldom != nil && c.seldom.idleTimer != nil:
		c.seldom.idleTimer.Stop()
	}
}

// activeLocked notes that something was received or sent. The timer is not set anew each time: it
// looks at the note. (Setting it anew would take the loop's lock for each piece of data.)
func (c *Conn) activeLocked() {
	if c.cfg.IdleTimeout > 0 {
		c.seldomLocked().lastActive = c.loop.now()
	}
}

// idleTimeUp sets the timer for the rest where something has happened since.
func (c *Conn) idleTimeUp() {
	var fx effects
	c.mu.Lock()
	if c.life == alive && c.cfg.IdleTimeout > 0 {
		s := c.seldom
		if left := s.lastActive + c.cfg.IdleTimeout - c.loop.now(); left > 0 {
			s.idleTimer.Reset(left)
		} else {
			c.moveLocked(aborts, ErrIdle, &fx)
		}
	}
	c.mu.Unlock()
	fx.run(c)
}
