package eventloop

import (
	"context"
	"net"

	"github.com/quartet-go/quartet"
)

// writePiece is how many bytes one call of the system writes at most. After each piece the count of
// queued bytes falls. It also bounds the slice that a streamed connection keeps for its next data.
const writePiece = 64 << 10

// Write sends p, or queues what the system has no room for; it never waits, and p may be reused at
// once. Above the high-water mark it does what SlowReader says. It returns [net.ErrClosed] after
// Close and CloseWrite, and why the connection has failed when it has.
func (c *Conn) Write(p []byte) (n int, err error) {
	var fx effects
	c.mu.Lock()
	err = c.writableLocked()
	if err == nil && c.tooSlowLocked(len(p), &fx) {
		err = ErrSlowReader
	}
	if err == nil {
		n, err = c.sendLocked(p, &fx)
	}
	c.mu.Unlock()
	fx.run(c)
	return n, err
}

// tooSlowLocked does what SlowReader says of a write of n bytes that would go above the mark. A
// single write above the mark is no sign of a slow reader: SlowClose lets it pass where nothing is
// queued.
func (c *Conn) tooSlowLocked(n int, fx *effects) (refused bool) {
	if c.buffered+n <= c.cfg.HighWater {
		return false
	}
	switch c.cfg.SlowReader {
	case SlowDrop:
		c.seldomLocked().dropped++
		return true
	case SlowClose:
		if c.buffered > 0 {
			c.moveLocked(aborts, ErrSlowReader, fx)
			return true
		}
	}
	return false
}

// writableLocked returns why nothing can be written.
func (c *Conn) writableLocked() error {
	switch {
	case c.err != nil:
		return c.err
	case c.life != alive || c.sending != sends:
		return net.ErrClosed
	}
	return nil
}

// sendLocked gives p to the system as far as that has room and nothing is queued, and queues the
// rest. Data must not overtake queued data, so it is given to the system only if there is none.
// Most writes end here, without a copy and without the loop. The error of a write that is refused
// by a deadline is returned with n = 0, though some of p may have been sent: the connection has
// ended.
func (c *Conn) sendLocked(p []byte, fx *effects) (n int, err error) {
	all := len(p)
	if c.buffered == 0 {
		n, err := c.via.write(p)
		if err != nil && err != errWait {
			c.moveLocked(fails, err, fx)
			return n, err
		}
		c.activeLocked()
		p = p[n:]
	}
	if len(p) == 0 {
		return all, nil
	}
	// Write is done with p when it returns, so the rest is copied.
	c.out = append(c.out, p...)
	c.buffered += len(p)
	c.full = c.full || c.buffered >= c.cfg.HighWater
	// The other side has not taken earlier data in time, and this would only add to it.
	if c.lateLocked(c.writeBy()) {
		return 0, c.endLateLocked(fx)
	}
	c.via.flush()
	return all, nil
}

// sendQueuedLocked gives queued data to a system that has room again. It goes on until the system
// refuses: edge-triggered readiness says once that there is room. Only taken moves on, so no data
// is copied. sentLocked may end the connection in the middle; then out is empty, and the loop ends.
func (c *Conn) sendQueuedLocked(fx *effects) {
	for c.taken < len(c.out) {
		n, err := c.via.write(c.out[c.taken:min(len(c.out), c.taken+writePiece)])
		if err != nil {
			if err != errWait {
				c.moveLocked(fails, err, fx)
			}
			return
		}
		c.taken += n
		if c.taken == len(c.out) {
			c.out, c.taken = nil, 0
		}
		c.sentLocked(n, fx)
	}
}

// sentLocked counts n bytes as sent, and wakes those who wait for it. Between HighWater and
// LowWater full does not change (hysteresis), so that a writer is not woken for each piece.
func (c *Conn) sentLocked(n int, fx *effects) {
	if !c.life.sends() {
		return
	}
	c.activeLocked()
	c.buffered -= n
	if c.full && c.buffered <= c.cfg.LowWater {
		c.full = false
		c.wakeWritersLocked(fx)
		fx.drained = fx.drained || c.onDrain != nil
	}
	c.allSentLocked(fx)
}

// tellDrained is posted, and so comes later: the connection may be full again, and the next drain
// tells then.
func (c *Conn) tellDrained() {
	c.mu.Lock()
	fn := c.onDrain
	// It has closed, or is full again.
	if c.life != alive || c.full {
		fn = nil
	}
	c.mu.Unlock()
	if fn != nil {
		fn()
	}
}

// WriteWait sends p, waiting as the caller's model waits while the connection is full, so that what
// is queued stays about the high-water mark. It returns how much of p it has queued, and ctx's
// cause when ctx ends first. A task whose writes always find room yields from time to time.
//
// p may be sent in parts, with a wait between: another task's write may come between two of them.
func (c *Conn) WriteWait(ctx context.Context, p []byte) (n int, err error) {
	for {
		sent, err := c.writeToMark(p[n:])
		n += sent
		breathe(ctx)
		if err != nil || n == len(p) {
			return n, err
		}
		if err := quartet.Suspend(ctx, c.armDrain); err != nil {
			return n, err
		}
	}
}

// writeToMark sends as much of p as the high-water mark allows. full is looked at after each piece,
// so at most one piece lies above the mark. It does not ask SlowReader, which is for writers that
// do not wait.
func (c *Conn) writeToMark(p []byte) (n int, err error) {
	var fx effects
	c.mu.Lock()
	for err = c.writableLocked(); err == nil && n < len(p) && !c.full; {
		piece := p[n:min(len(p), n+c.cfg.HighWater)]
		if _, err = c.sendLocked(piece, &fx); err == nil {
			n += len(piece)
		}
	}
	c.mu.Unlock()
	fx.run(c)
	return n, err
}

// armDrain is Suspend's arm, as armRead is. Several tasks may wait; all are woken, and all look
// again.
func (c *Conn) armDrain(resume func()) {
	c.mu.Lock()
	wait := c.full && c.life == alive
	if wait {
		s := c.seldomLocked()
		s.draining = append(s.draining, resume)
	}
	c.mu.Unlock()
	if !wait {
		resume()
	}
}

// Full reports whether Buffered has reached HighWater and has not yet fallen to LowWater. Wait for
// OnDrain then.
func (c *Conn) Full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full
}

// Buffered is how many bytes wait to be sent.
func (c *Conn) Buffered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buffered
}

// Dropped is how many writes SlowDrop has refused.
func (c *Conn) Dropped() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seldom == nil {
		return 0
	}
	return c.seldom.dropped
}
