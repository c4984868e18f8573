package eventloop

import (
	"net"
	"time"

	"github.com/quartet-go/quartet"
)

// CloseWrite tells the other side that nothing more will be sent, when all that is queued has been; reading goes on. A
// connection that cannot do this by half (a net.Pipe, say) goes on as it is.
func (c *Conn) CloseWrite() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noMore || c.ending {
		return
	}
	c.noMore, c.halfClose = true, true
	c.startWriter()
}

// Close ends the connection when all that is queued has been sent, or the other side has not taken it within
// CloseTimeout. Nothing more is read. It does not wait.
func (c *Conn) Close() {
	c.mu.Lock()
	var wake []func()
	if !c.ending {
		wake = c.end()
		_ = c.nc.SetWriteDeadline(time.Now().Add(c.cfg.CloseTimeout))
		c.startWriter()
	}
	c.mu.Unlock()
	callAll(wake)
}

// Abort ends the connection at once: what is queued is dropped, and a TCP peer sees a reset.
func (c *Conn) Abort() {
	if tcp, ok := c.nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.abort(nil)
}

// abort ends the connection with err. It does not block: what is underneath is closed without a farewell.
func (c *Conn) abort(err error) {
	c.mu.Lock()
	first := !c.closed
	if first && c.err == nil {
		c.err = err
	}
	c.closed, c.out, c.buffered = true, nil, 0
	wake := c.end()
	c.mu.Unlock()
	callAll(wake)
	if !first {
		return
	}
	nc := c.nc
	if under, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = under.NetConn()
	}
	_ = nc.Close()
	c.finish()
}

// end is locked: nothing is read or queued any more. It returns what wakes those who wait.
func (c *Conn) end() (wake []func()) {
	c.ending, c.noMore = true, true
	for _, b := range c.inbox {
		c.loop.buffers.put(b)
	}
	c.inbox = nil
	c.more.Broadcast()
	wake = c.draining
	if c.waiting != nil {
		wake = append(wake, c.waiting)
	}
	c.waiting, c.draining = nil, nil
	return wake
}

func callAll(fns []func()) {
	for _, fn := range fns {
		fn()
	}
}

// close closes the connection with the farewell that a TLS connection says, which may take its time.
func (c *Conn) close() {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.mu.Unlock()
	if first {
		_ = c.nc.Close()
	}
}

// done is called when a goroutine of the connection ends.
func (c *Conn) done() {
	c.mu.Lock()
	c.busy--
	c.mu.Unlock()
	c.finish()
}

// finish has the connection forgotten, and OnClose called, when it is closed and its goroutines have ended.
func (c *Conn) finish() {
	c.mu.Lock()
	finish := c.busy == 0 && c.closed && !c.finished
	c.finished = c.finished || finish
	c.mu.Unlock()
	if finish {
		l := c.loop
		l.in.Lock()
		l.pushClosing(c.over)
		l.in.Unlock()
	}
}

// over runs on the loop.
func (c *Conn) over() {
	c.loop.forget(c)
	c.mu.Lock()
	fn, err := c.onClose, c.err
	c.mu.Unlock()
	if fn != nil {
		fn(err)
	}
}

// forget takes back what a connection held.
func (l *Loop) forget(c *Conn) {
	l.in.Lock()
	defer l.in.Unlock()
	if _, ok := l.conns[c]; ok {
		delete(l.conns, c)
		l.in.Release(1)
		l.hold(-1)
	}
}

// abortConns is locked.
func (l *Loop) abortConns() {
	for c := range l.conns {
		l.in.After(func() { c.abort(quartet.ErrClosed) })
	}
}

// waiveConns is locked: nobody runs the loop, and nobody will, so that their ends are told to nobody.
func (l *Loop) waiveConns() {
	waived := len(l.conns)
	l.held -= waived
	clear(l.conns)
	l.in.Release(waived)
}
