package eventloop

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/quartet-go/quartet"
)

// takesLocked reports whether a callback takes the data.
func (c *Conn) takesLocked() bool { return c.onData != nil && !c.paused }

// abandonedLocked reports whether the other side has ended, and nobody who could be waited for
// takes its data or hears of its end. CloseTimeout ends such a connection; else it would leak with
// its socket.
func (c *Conn) abandonedLocked() bool {
	switch {
	case c.life != alive || c.onEnd != nil || c.pulled || c.framesHeldLocked():
		return false
	case c.receiving == ended:
		return c.onData != nil || c.onClose != nil
	}
	return c.peerEnded && c.onData == nil && c.onClose != nil
}

// tellsEndLocked reports whether OnEnd is to be called now, or the connection closes in place of
// it.
func (c *Conn) tellsEndLocked() bool {
	switch {
	case c.paused:
		return false
	case c.onEnd != nil || c.onData != nil:
		return true
	}
	return c.onClose != nil && !c.pulled
}

// hasTurnLocked reports whether takeTurn has something to do. It is asked when a turn is to be
// posted, and again when it comes: Pause, Close or a task's Read may have come between.
func (c *Conn) hasTurnLocked() bool {
	switch {
	case !c.life.delivers() || c.receiving == told:
		return false
	case c.receiving == ended && c.framesEndLocked():
		return c.takesLocked()
	case c.receiving == ended:
		return c.tellsEndLocked()
	case c.takesLocked():
		return c.readable || c.framesHeldLocked()
	default: // nobody takes data, but an end that has no data before it is told all the same
		return c.readable && (c.peerEnded || c.life == failed) && !c.pulled
	}
}

// scheduleLocked posts the connection's turn if it has something to do. It is called after every
// change that may give it something: news of the system, Resume, a new callback.
func (c *Conn) scheduleLocked(fx *effects) {
	if !c.scheduled && c.hasTurnLocked() {
		c.scheduled, fx.serve = true, true
	}
}

// readiness is what the system, or the reader of a connection, says of it.
type readiness uint8

// A report may have several of them.
const (
	canRead readiness = 1 << iota
	canWrite
	hasEnded // the other side sends no more, or the connection has failed
)

// readyLocked notes what the poller, or a reader's goroutine, says. It is a hint: the descriptor
// may have belonged to another connection then, or somebody has read meanwhile. A read finds out.
func (c *Conn) readyLocked(r readiness, fx *effects) {
	// A closing connection still sends, so it still wants to know of room.
	if !c.life.delivers() && c.life != closing {
		return
	}
	if r&hasEnded != 0 {
		c.peerEnded = true
	}
	// An end is read, too: only a read tells whether it is io.EOF or an error.
	if r&(canRead|hasEnded) != 0 {
		c.readable = true
		c.wakeReaderLocked(fx)
	}
	// Most reports of room come when nothing waits, right after the connection was added.
	if r&canWrite != 0 && c.buffered > 0 {
		c.sendQueuedLocked(fx)
	}
	c.scheduleLocked(fx)
}

// takeTurn delivers one piece of data, so that connections take turns, or tells the end. It runs on
// the loop.
//
// It is the posted callback serve. scheduled falls first, so that a callback which resumes the
// connection, or nextLocked that finds more, posts the next turn behind those of other connections.
// The callbacks are called without the lock, and may do anything with c. data lies in the loop's
// scratch buffer, which the next connection's turn overwrites.
func (c *Conn) takeTurn() {
	var fx effects
	c.mu.Lock()
	c.scheduled = false
	data, end := c.nextLocked(&fx)
	onData, onEnd := c.onData, c.onEnd
	c.mu.Unlock()
	fx.run(c)
	switch {
	case data != nil:
		onData(data)
	case end && onEnd != nil:
		onEnd()
	}
}

// nextLocked returns data for OnData, or that OnEnd is to be called. Empty data that is not nil is
// no piece of the stream: it has the frames cut those messages that they hold back already (after
// Resume), or learn of the end.
func (c *Conn) nextLocked(fx *effects) (data []byte, end bool) {
	switch {
	case !c.hasTurnLocked():
		return nil, false
	case c.receiving == ended && c.framesEndLocked():
		c.seldom.frames.atEnd = true
		return []byte{}, false
	case c.receiving == ended:
		return nil, c.tellEndLocked(fx)
	case !c.takesLocked():
		c.lookLocked(fx)
		return nil, false
	case c.framesHeldLocked():
		return []byte{}, false
	}
	n, err := c.readLocked(c.loop.scratch(), fx)
	switch {
	case err == nil:
		c.scheduleLocked(fx)
		return c.loop.scratch()[:n], false
	case c.receiving == ended && c.framesEndLocked():
		c.scheduleLocked(fx)
	case c.receiving == ended && c.life == alive:
		return nil, c.tellEndLocked(fx)
	}
	return nil, false
}

// readLocked reads, and notes what the transport says besides. A transport that has no more will
// report the next data itself, so readable may fall, and a call of the system is saved. If the
// other side has ended, nothing is reported any more: readable stays, and the read that finds
// io.EOF follows unasked.
func (c *Conn) readLocked(p []byte, fx *effects) (n int, err error) {
	n, more, err := c.via.read(p)
	switch {
	case err == nil:
		c.activeLocked()
		c.readable = more || c.peerEnded || c.life == failed
	case err == errWait:
		c.readable = false
		if c.life == failed && c.via.finite() {
			c.moveLocked(empties, nil, fx)
		}
	case errors.Is(err, io.EOF):
		c.receiving, c.readable = ended, false
		c.bothEndedLocked(fx)
		if c.life == failed {
			c.moveLocked(empties, nil, fx)
		}
	default:
		c.readable = false
		c.moveLocked(fails, err, fx)
		c.moveLocked(empties, nil, fx) // the transport gives its data before its error
	}
	return n, err
}

// lookLocked sees whether a connection whose data nobody takes has come to its end. It must not
// read data, which would be lost, so it peeks; an end or error is then read as usual. It is the
// turn of a connection without OnData, and of one that is paused.
func (c *Conn) lookLocked(fx *effects) {
	if c.via.look() != nil {
		_, _ = c.readLocked(c.loop.scratch()[:1], fx)
		c.scheduleLocked(fx)
	}
	if c.abandonedLocked() {
		c.armCloseTimerLocked()
	}
}

// tellEndLocked reports whether OnEnd is to be called. Without OnEnd the connection closes. told
// before the call: OnEnd is called once, also if it pauses and resumes.
func (c *Conn) tellEndLocked(fx *effects) (call bool) {
	if !c.tellsEndLocked() {
		return false
	}
	c.receiving = told
	if c.onEnd == nil {
		c.moveLocked(closes, nil, fx)
		return false
	}
	c.bothEndedLocked(fx)
	return true
}

// Read waits until the other side has sent something, as the caller's model waits, and puts it into
// p. It returns [io.EOF] when the other side has ended its data, after which the caller closes the
// connection; ctx's cause when ctx ends first; else why the connection has ended. One task or
// goroutine reads at a time, and none when there is OnData, which panics. A task that always finds
// data yields from time to time.
func (c *Conn) Read(ctx context.Context, p []byte) (n int, err error) {
	for {
		if n, err, ok := c.tryRead(p); ok {
			breathe(ctx)
			return n, err
		}
		if err := quartet.Suspend(ctx, c.armRead); err != nil {
			return 0, err
		}
	}
}

// tryRead reports false when there is nothing to read yet. The panic comes after the unlock: a
// recover must not find the connection locked.
func (c *Conn) tryRead(p []byte) (n int, err error, ok bool) {
	var fx effects
	c.mu.Lock()
	if c.onData != nil {
		c.mu.Unlock()
		panic("eventloop: Read of a Conn that has OnData")
	}
	c.pulled = true
	n, err, ok = c.pullLocked(p, &fx)
	c.mu.Unlock()
	fx.run(c)
	return n, err, ok
}

// pullLocked is one try of Read. Data first, then the end, then errors, so that a task gets all
// that arrived before it learns how the connection ended.
//
// The call after an end finds the same end: nothing is consumed by telling it.
func (c *Conn) pullLocked(p []byte, fx *effects) (n int, err error, ok bool) {
	if len(p) == 0 {
		return 0, nil, true
	}
	if c.readable && c.receiving == receives && c.life.delivers() {
		if n, err = c.readLocked(p, fx); err == nil {
			return n, nil, true
		}
		if c.receiving == ended {
			c.scheduleLocked(fx)
		}
	}
	switch {
	// The other side has ended its data. That is told to every later Read, too, until the
	// connection fails or is closed.
	case c.receiving != receives && c.err == nil:
		return 0, io.EOF, true
	case c.life == failed:
		return 0, nil, false // it ends as soon as its reader has
	case c.err != nil:
		return 0, c.err, true
	case c.life != alive:
		return 0, net.ErrClosed, true
	// The deadline's timer may not have fired yet, or nobody runs the loop.
	case c.lateLocked(c.readBy()):
		err = c.endLateLocked(fx)
		return 0, err, true
	}
	return 0, nil, false
}

// armRead is Suspend's arm. It looks again, under the lock: data that came after the try would have
// found nobody to wake. A resume is called without the lock, since it may run code of a model.
// One task may read at a time: waiting has room for one resume, and a second reader would replace
// the first one's.
func (c *Conn) armRead(resume func()) {
	c.mu.Lock()
	wait := !c.readable && c.receiving == receives && c.life.delivers()
	if wait {
		c.waiting = resume
	}
	c.mu.Unlock()
	if !wait {
		resume()
	}
}
