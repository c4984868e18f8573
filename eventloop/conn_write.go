package eventloop

import (
	"context"
	"net"

	"github.com/quartet-go/quartet"
)

// writePiece is how much is given to the kernel at once, so that what waits is counted down meanwhile.
const writePiece = 64 << 10

// Write sends p, or queues what the kernel has no room for; it never waits, and p may be reused at once. Above the
// high-water mark it does what SlowReader says. It returns [net.ErrClosed] after Close and CloseWrite, and why the
// connection has ended when it has.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	err = c.writable()
	if err == nil && c.buffered > 0 && c.buffered+len(p) > c.cfg.HighWater {
		err = c.tooSlow()
	}
	if err == nil {
		c.send(p)
		n = len(p)
	}
	closes := err == ErrSlowReader && c.cfg.SlowReader == SlowClose
	c.mu.Unlock()
	if closes {
		c.abort(err)
	}
	return n, err
}

// tooSlow is locked: what is queued is above the mark.
func (c *Conn) tooSlow() error {
	switch c.cfg.SlowReader {
	case SlowDrop:
		c.dropped++
		return ErrSlowReader
	case SlowClose:
		return ErrSlowReader
	}
	return nil
}

// send is locked: it gives p to the kernel as far as that has room and nothing is queued, and queues the rest.
func (c *Conn) send(p []byte) {
	if c.raw != nil && c.buffered == 0 {
		p = p[c.raw.tryWrite(p):]
	}
	if len(p) == 0 {
		return
	}
	c.out = append(c.out, p...)
	c.buffered += len(p)
	c.full = c.full || c.buffered >= c.cfg.HighWater
	c.startWriter()
}

// writable is locked.
func (c *Conn) writable() error {
	switch {
	case c.err != nil:
		return c.err
	case c.noMore || c.ending:
		return net.ErrClosed
	}
	return nil
}

// startWriter is locked.
func (c *Conn) startWriter() {
	if !c.writing {
		c.writing = true
		c.busy++
		c.loop.helpers.Go(c.writeAll)
	}
}

// writeAll is the connection's writer: it sends what is queued, closes what is to be closed then, and ends.
func (c *Conn) writeAll() {
	defer c.done()
	for {
		c.mu.Lock()
		if len(c.out) == 0 {
			c.endWriter()
			return
		}
		p := c.out
		c.out, c.spare = c.spare[:0], nil
		c.mu.Unlock()
		if !c.writePieces(p) {
			return
		}
		c.mu.Lock()
		if cap(p) <= writePiece {
			c.spare = p
		}
		c.mu.Unlock()
	}
}

func (c *Conn) writePieces(p []byte) bool {
	for len(p) > 0 {
		n, err := c.nc.Write(p[:min(len(p), writePiece)])
		if err != nil {
			c.abort(err)
			return false
		}
		p = p[n:]
		c.sent(n)
	}
	return true
}

// sent counts what has been sent, and tells those who wait for it.
func (c *Conn) sent(n int) {
	c.mu.Lock()
	var wake []func()
	drained := false
	if !c.closed {
		c.buffered -= n
		drained = c.full && c.buffered <= c.cfg.LowWater
	}
	if drained {
		c.full = false
		wake, c.draining = c.draining, nil
		drained = c.onDrain != nil
	}
	c.mu.Unlock()
	callAll(wake)
	if drained {
		c.post(c.tellDrained)
	}
}

func (c *Conn) tellDrained() {
	c.mu.Lock()
	fn, ending := c.onDrain, c.ending
	c.mu.Unlock()
	if fn != nil && !ending {
		fn()
	}
}

// endWriter is called locked, and unlocks: everything has been sent.
func (c *Conn) endWriter() {
	c.writing, c.out, c.spare = false, nil, nil
	half, end := c.halfClose, c.ending
	c.halfClose = false
	c.mu.Unlock()
	switch {
	case end:
		c.close()
	case half:
		if w, ok := c.nc.(interface{ CloseWrite() error }); ok {
			_ = w.CloseWrite()
		}
	}
}

// WriteWait sends p, waiting as the caller's model waits while the connection is full, so that what is queued stays
// about the high-water mark. It returns how much of p it has queued, and ctx's cause when ctx ends first.
func (c *Conn) WriteWait(ctx context.Context, p []byte) (n int, err error) {
	for n < len(p) {
		for c.Full() {
			if err := quartet.Suspend(ctx, c.armDrain); err != nil {
				return n, err
			}
		}
		c.mu.Lock()
		err := c.writable()
		if err == nil {
			piece := p[n:min(len(p), n+c.cfg.HighWater)]
			c.send(piece)
			n += len(piece)
		}
		c.mu.Unlock()
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (c *Conn) armDrain(resume func()) {
	c.mu.Lock()
	wait := c.full && !c.ending
	if wait {
		c.draining = append(c.draining, resume)
	}
	c.mu.Unlock()
	if !wait {
		resume()
	}
}

// Full reports that the high-water mark has been reached, and the low one not yet again: whoever writes had better wait.
func (c *Conn) Full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full && !c.ending
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
	return c.dropped
}
