package eventloop

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/quartet-go/quartet"
)

// readAll is the connection's reader: it reads ahead a little, and no further while nobody takes it.
func (c *Conn) readAll() {
	defer c.done()
	for c.waitForRoom() {
		b, err := c.readSome()
		c.mu.Lock()
		if b != nil {
			c.inbox = append(c.inbox, b)
		}
		if err != nil {
			c.readErr = err
		}
		post, wake := c.schedule(), c.waiting
		c.waiting = nil
		c.mu.Unlock()
		if wake != nil {
			wake()
		}
		c.post(post)
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
			return
		default:
			c.abort(err)
			return
		}
	}
}

// waitForRoom reports false when reading is over.
func (c *Conn) waitForRoom() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.inbox) >= readAhead && !c.ending {
		c.more.Wait()
	}
	return !c.ending
}

// readSome waits for something to read.
func (c *Conn) readSome() (b *buffer, err error) {
	if c.raw != nil {
		return c.raw.read(&c.loop.buffers)
	}
	b = c.loop.buffers.get()
	b.to, err = c.nc.Read(b.bytes)
	if b.to == 0 {
		c.loop.buffers.put(b)
		b = nil
	}
	return b, err
}

// schedule is called with the connection locked: it returns what is to be posted so that OnData or OnEnd is called, if
// something is.
func (c *Conn) schedule() func() {
	switch {
	case c.scheduled || c.ending || c.paused:
		return nil
	case len(c.inbox) > 0:
		if c.onData == nil {
			return nil
		}
	case !c.tells():
		return nil
	}
	c.scheduled = true
	return c.deliverFn
}

// deliver calls OnData with one buffer, so that connections take turns, or OnEnd. It runs on the loop.
func (c *Conn) deliver() {
	c.mu.Lock()
	c.scheduled = false
	fn := c.onData
	switch {
	case c.ending || c.paused:
		c.mu.Unlock()
		return
	case len(c.inbox) == 0:
		c.tellEnd()
		return
	case fn == nil:
		c.mu.Unlock()
		return
	}
	b := c.takeBuffer()
	post := c.schedule()
	c.mu.Unlock()
	c.post(post)
	fn(b.bytes[b.from:b.to])
	c.loop.buffers.put(b)
}

// takeBuffer is locked.
func (c *Conn) takeBuffer() *buffer {
	b := c.inbox[0]
	c.inbox[0] = nil
	c.inbox = c.inbox[1:]
	if len(c.inbox) == 0 {
		c.inbox = nil
	}
	c.more.Signal()
	return b
}

// tells is locked: the end of what the other side sends is to be told to callbacks. (In a connection without any, Read
// tells it.)
func (c *Conn) tells() bool {
	return !c.told && errors.Is(c.readErr, io.EOF) && (c.onEnd != nil || c.onData != nil)
}

// tellEnd is called locked, and unlocks.
func (c *Conn) tellEnd() {
	tell, fn := c.tells(), c.onEnd
	c.told = c.told || tell
	c.mu.Unlock()
	switch {
	case !tell:
	case fn != nil:
		fn()
	default:
		c.Close()
	}
}

// Read waits until the other side has sent something, as the caller's model waits, and puts it into p. It returns
// [io.EOF] at the end of what is sent, after which the caller closes the connection; ctx's cause when ctx ends first; else
// why the connection has ended. One task or goroutine reads at a time, and none when there is OnData, which panics.
func (c *Conn) Read(ctx context.Context, p []byte) (n int, err error) {
	for {
		if n, err, ok := c.tryRead(p); ok {
			return n, err
		}
		if err := quartet.Suspend(ctx, c.armRead); err != nil {
			return 0, err
		}
	}
}

// tryRead reports false when there is nothing to read yet.
func (c *Conn) tryRead(p []byte) (n int, err error, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.onData != nil {
		panic("eventloop: Read of a Conn that has OnData")
	}
	switch {
	case len(p) == 0:
		return 0, nil, true
	case len(c.inbox) > 0:
		b := c.inbox[0]
		n = copy(p, b.bytes[b.from:b.to])
		if b.from += n; b.from == b.to {
			c.loop.buffers.put(c.takeBuffer())
		}
		return n, nil, true
	case c.err != nil:
		return 0, c.err, true
	case c.ending:
		return 0, net.ErrClosed, true
	case c.readErr != nil:
		return 0, c.readErr, true
	}
	return 0, nil, false
}

func (c *Conn) armRead(resume func()) {
	c.mu.Lock()
	ready := len(c.inbox) > 0 || c.readErr != nil || c.ending
	if !ready {
		c.waiting = resume
	}
	c.mu.Unlock()
	if ready {
		resume()
	}
}
