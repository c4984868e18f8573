package eventloop

import (
	"net"
	"os"

	"github.com/quartet-go/quartet"
)

// CloseWrite tells the other side that nothing more will be sent, once all queued data has been;
// reading goes on. On a connection that cannot close one half (a net.Pipe, say) it only refuses
// further writes. When both sides have sent all, the connection is closed.
func (c *Conn) CloseWrite() {
	var fx effects
	c.mu.Lock()
	if c.life == alive && c.sending == sends {
		c.sending = finishing
		c.allSentLocked(&fx)
	}
	c.mu.Unlock()
	fx.run(c)
}

// Close ends the connection when all queued data has been sent, or the other side has not taken it
// within CloseTimeout. Nothing more is read. It does not wait.
func (c *Conn) Close() { c.move(closes, nil) }

// Abort ends the connection at once: queued data is dropped, and a TCP peer sees a reset.
func (c *Conn) Abort() {
	// First: it changes how the following close looks to the other side.
	c.mu.Lock()
	if c.life < closed {
		c.via.reset()
	}
	c.mu.Unlock()
	c.move(aborts, nil)
}

// move is moveLocked for callers without the lock.
func (c *Conn) move(ev event, err error) {
	var fx effects
	c.mu.Lock()
	c.moveLocked(ev, err, &fx)
	c.mu.Unlock()
	fx.run(c)
}

// moveLocked takes the connection to its next state and does what that state begins with. The first
// err is what OnClose gets. From closed on err stays: an error that our own closing causes says
// nothing.
//
// It is the only place that writes life. The state is set before its beginning is done, since that
// may move on at once: a closing connection without queued data is closed in the same call.
//
// It may call itself by the beginning of a state, always with a later one, so it ends.
func (c *Conn) moveLocked(ev event, err error, fx *effects) {
	next := transitions[c.life][ev]
	if next == c.life {
		return
	}
	if c.err == nil && c.life != closed {
		c.err = err
	}
	c.life = next
	switch next {
	case failed:
		c.beginFailedLocked(fx)
	case closing:
		c.beginClosingLocked(fx)
	case closed:
		c.beginClosedLocked(fx)
	case over:
		fx.over = true
	}
}

// beginFailedLocked: nothing can be sent. The connection ends when all that had arrived has been
// delivered, since a peer that sends and then resets has still sent. Where nobody takes data and
// none is unread it ends now; else CloseTimeout bounds it. readable is set, as the error has to be
// found by a read, behind all data.
func (c *Conn) beginFailedLocked(fx *effects) {
	c.dropQueuedLocked(fx)
	c.readable = true
	c.wakeReaderLocked(fx)
	if !c.takesLocked() && c.via.finite() && c.via.look() != nil {
		c.moveLocked(empties, nil, fx)
		return
	}
	c.armCloseTimerLocked()
	c.scheduleLocked(fx)
}

// beginClosingLocked: nothing is delivered. The connection ends when all queued data has been sent.
func (c *Conn) beginClosingLocked(fx *effects) {
	c.wakeReaderLocked(fx)
	c.wakeWritersLocked(fx)
	c.full = false
	c.allSentLocked(fx)
	if c.life == closing {
		c.armCloseTimerLocked()
	}
}

// beginClosedLocked closes the net.Conn, whatever is queued. Goroutines of a streamed transport
// notice that and end; the last one moves the connection by settles. The timers are stopped too:
// one that fired later would find nothing to do.
func (c *Conn) beginClosedLocked(fx *effects) {
	c.dropQueuedLocked(fx)
	c.wakeReaderLocked(fx)
	c.stopTimersLocked()
	c.via.close()
	if c.via.settled() {
		c.moveLocked(settles, nil, fx)
	}
}

// dropQueuedLocked wakes writers, too: there is nothing left that could drain, so they would wait
// for ever.
func (c *Conn) dropQueuedLocked(fx *effects) {
	c.out, c.taken, c.buffered, c.full = nil, 0, 0, false
	c.wakeWritersLocked(fx)
}

// wakeReaderLocked resumes the task in Read, which looks for itself why. It may be called for
// nothing.
func (c *Conn) wakeReaderLocked(fx *effects) {
	fx.resume, c.waiting = c.waiting, nil
}

// wakeWritersLocked resumes all tasks in WriteWait, which look for themselves whether they may go
// on.
func (c *Conn) wakeWritersLocked(fx *effects) {
	if s := c.seldom; s != nil && s.draining != nil {
		fx.wake = append(fx.wake, s.draining...)
		s.draining = nil
	}
}

// allSentLocked ends the connection, or its sending half, if the program asked for that and no data
// is queued.
func (c *Conn) allSentLocked(fx *effects) {
	switch {
	// Not yet: sentLocked comes here again.
	case c.buffered > 0:
	case c.life == closing:
		if c.via.farewell() {
			c.moveLocked(empties, nil, fx)
		}
	case c.life == alive && c.sending == finishing:
		c.sending = finished
		c.via.shut()
		c.bothEndedLocked(fx)
	}
}

// bothEndedLocked closes a connection on which nobody will send anything any more. Tasks that read
// (pulled) are told by io.EOF, so they need no OnEnd. It is called whenever one half has ended, and
// acts at the second.
func (c *Conn) bothEndedLocked(fx *effects) {
	if c.sending == finished && (c.receiving == told || c.receiving == ended && c.pulled) {
		c.moveLocked(closes, nil, fx)
	}
}

// closeAtOnce closes a connection without the farewell that a TLS connection says, which may take
// its time. crypto/tls sends its alert in Close, and waits up to five seconds for the socket to
// take it.
func closeAtOnce(nc net.Conn) {
	if under, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = under.NetConn()
	}
	_ = nc.Close()
}

// closeTimeUp ends a connection that CloseTimeout bounds, in the state that it has reached by now.
// In alive it stands for nobody who takes the other side's end: queued data may still be on its way
// there, and gets the time once more.
func (c *Conn) closeTimeUp() {
	var fx effects
	c.mu.Lock()
	switch c.life {
	case alive:
		switch {
		case !c.abandonedLocked():
		case c.buffered > 0:
			c.armCloseTimerLocked()
		default:
			c.moveLocked(closes, nil, &fx)
		}
	case failed:
		c.moveLocked(aborts, nil, &fx)
	case closing:
		c.moveLocked(aborts, os.ErrDeadlineExceeded, &fx)
	}
	c.mu.Unlock()
	fx.run(c)
}

// tellClose calls OnClose. It runs on the loop, in the closing phase: at the end, and again where
// OnClose was set later.
//
// The loop forgets the connection first, and calls OnClose after: in OnClose, Health no longer
// counts it, and a listener with MaxConns accepts the next one.
func (c *Conn) tellClose() {
	c.loop.forget(c)
	c.mu.Lock()
	fn, err := c.onClose, c.err
	if c.closeTold {
		fn = nil
	}
	c.closeTold = c.closeTold || fn != nil
	c.mu.Unlock()
	if fn != nil {
		fn(err)
	}
}

// forget takes back both holds of a connection, once. A listener that waits for room looks again.
func (l *Loop) forget(c *Conn) {
	l.in.Lock()
	defer l.in.Commit()
	if _, ok := l.conns[c]; !ok {
		return
	}
	delete(l.conns, c)
	l.in.ReleaseLocked(1)
	l.holdLocked(-1)
	// Any listener may be waiting for room under MaxConns.
	for s := range l.servers {
		s.roomLocked()
	}
}

// abortConnsLocked aborts all connections of a loop that is being closed, after the unlock:
// a connection's lock comes before the loop's.
func (l *Loop) abortConnsLocked() {
	for c := range l.conns {
		l.in.AfterLocked(func() { c.move(aborts, quartet.ErrClosed) })
	}
}

// waiveConnsLocked gives up on connections: nobody runs the loop, and nobody will, so that their
// ends are told to nobody. The net.Conns themselves are aborted by abortConnsLocked.
func (l *Loop) waiveConnsLocked() {
	waived := len(l.conns)
	l.held -= waived
	l.health.dropped += uint64(waived)
	clear(l.conns)
	l.in.ReleaseLocked(waived)
}
