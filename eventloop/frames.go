package eventloop

import (
	"bufio"
	"errors"
	"io"
)

// ErrTooLong ends a connection whose other side sends a line or message longer than
// [ConnConfig].MaxMessage.
var ErrTooLong = errors.New("eventloop: a message is longer than MaxMessage")

// Lines takes the place of OnData: fn is called for each line, without its end (\n or \r\n). What
// follows the last line end is a line too when the other side has sent all. The slice may be used
// until fn returns. Pause holds further lines back, also those that have been received.
func Lines(c *Conn, fn func(line []byte)) {
	if fn == nil {
		panic("eventloop: Lines of a nil func")
	}
	cutBy(c, bufio.ScanLines, fn, 1) // the \r of a line whose \n has not come yet
}

// Split is Lines for messages that split cuts off, as for a [bufio.Scanner]. An error of split ends
// the connection, and [io.ErrUnexpectedEOF] does where the other side ends within a message.
func Split(c *Conn, split bufio.SplitFunc, fn func(message []byte)) { cutBy(c, split, fn, 0) }

func cutBy(c *Conn, split bufio.SplitFunc, fn func(message []byte), around int) {
	if c == nil || split == nil || fn == nil {
		panic("eventloop: Split of a nil Conn or func")
	}
	c.cut(&frames{c: c, split: split, fn: fn, around: around})
}

// frames cuts received data into messages. It works on the loop.
//
// Invariant, between two calls of feed: rest is the received data that split has not cut off yet.
// It is the loop's; held and left say under the lock, for hasTurnLocked, what it contains.
type frames struct {
	c     *Conn
	split bufio.SplitFunc
	fn    func([]byte)
	rest  []byte // received, and not cut yet
	// How many bytes may stand around a message that is not whole yet: they do not count against
	// MaxMessage. It is set by whoever makes the frames.
	around int

	// Guarded by the connection's lock.
	held  bool // rest may hold whole messages: the connection was paused between two
	left  bool // rest is not empty
	atEnd bool // the other side has sent all, and split has been told
}

// Data that is left from before (a WebSocket's first bytes came with the request) counts as held,
// so that a turn is posted for it though nothing arrives. It replaces the frames before: what they
// had not cut yet is lost with them.
func (c *Conn) cut(f *frames) {
	c.set(func() {
		f.left = len(f.rest) > 0
		f.held = f.left
		c.seldomLocked().frames = f
		c.onData = f.feed
	})
}

// feed cuts the messages out of the received data, p included.
//
// The end of the loop over messages is decided after each: fn may pause, close, or set another
// OnData. The rest is stored by a deferred call, so that a panic of fn costs its own message only.
func (f *frames) feed(p []byte) {
	data := p
	if len(f.rest) > 0 {
		f.rest = append(f.rest, p...)
		data = f.rest
	}
	cut, atEnd, held := 0, f.begin(), false
	defer func() { f.end(data[cut:], held) }() // also when fn panics
	for cut < len(data) {
		n, message, err := f.split(data[cut:], atEnd)
		cut += n
		switch {
		case err != nil:
			f.fail(err)
			return
		// An empty message that is not nil is one, too: an empty line, for example.
		case message != nil:
			f.fn(message)
		case n == 0:
			f.checkRest(len(data)-cut, atEnd)
			return
		}
		var goes bool
		if goes, held = f.goesOn(); !goes {
			return
		}
	}
}

// begin takes the hold off: feed is about to cut all that it can.
func (f *frames) begin() (atEnd bool) {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	f.held = false
	return f.atEnd
}

// end keeps the data that is not yet a whole message.
func (f *frames) end(rest []byte, held bool) {
	switch {
	case len(rest) == 0:
		f.rest = nil
	case len(rest) < len(f.rest) || len(f.rest) == 0: // else all of it stays where it is
		f.rest = append(f.rest[:0], rest...)
	}
	f.c.set(func() {
		f.left = len(rest) > 0
		f.held = held && f.left
	})
}

// goesOn reports whether the next message may be delivered, or is held back.
func (f *frames) goesOn() (goes, held bool) {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	return f.c.life.delivers() && !f.c.paused, f.c.paused
}

// checkRest ends the connection if a message cannot become whole: the other side has ended, or it
// is too long. The test comes before more is read, so that a peer cannot have the loop keep more
// than a read above MaxMessage.
func (f *frames) checkRest(n int, atEnd bool) {
	switch {
	case atEnd:
		f.fail(io.ErrUnexpectedEOF)
	case n > f.limit():
		f.fail(ErrTooLong)
	}
}

func (f *frames) limit() int {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	return f.c.cfg.MaxMessage + f.around
}

// fail ends the connection with err. One that fn or another goroutine has ended meanwhile keeps the
// reason that it has.
func (f *frames) fail(err error) {
	var fx effects
	f.c.mu.Lock()
	if f.c.life.delivers() {
		f.c.moveLocked(aborts, err, &fx)
	}
	f.c.mu.Unlock()
	fx.run(f.c)
}

// framesHeldLocked: messages that have been received wait for their turn.
func (c *Conn) framesHeldLocked() bool {
	return c.seldom != nil && c.seldom.frames != nil && c.seldom.frames.held
}

// framesEndLocked reports, once the other side has ended, whether its last messages are still to be
// cut.
func (c *Conn) framesEndLocked() bool {
	if c.seldom == nil || c.seldom.frames == nil {
		return false
	}
	f := c.seldom.frames
	return f.held || f.left && !f.atEnd
}
