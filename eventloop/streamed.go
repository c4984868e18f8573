package eventloop

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// readAhead is how many buffers a reader fills that nobody has taken yet.
const readAhead = 4

// streamed is the transport of a net.Conn that only blocks: one goroutine reads, and another one
// sends while something is queued.
//
// The reader blocks in nc.Read and the writer in nc.Write, both without a lock. They meet the loop
// only through the connection's lock: the loop's read takes from inbox, its flush starts the
// writer. Each goroutine is a helper of the loop, and ends when the connection's life says so or nc
// is closed.
type streamed struct {
	c    *Conn
	room sync.Cond // for the reader: the inbox has room, or the connection has closed

	// Guarded by the connection's lock.
	inbox   []*buffer
	readErr error // why the reader has ended, or is about to
	spare   []byte
	shaking bool // the reader is in the handshake, and the writer has to wait for it
	reading bool // the reader's goroutine lives
	writing bool // the writer's goroutine lives
	shuts   bool // the writer is to close the sending half
	leaves  bool // the writer is to close the connection in order
}

// streamedLocked begins to read.
func streamedLocked(c *Conn) transport {
	s := &streamed{c: c, shaking: true, reading: true}
	s.room.L = &c.mu
	c.loop.helpers.Go(s.readAll)
	return s
}

// readAll is the reader: it reads ahead a little, and no further while nobody takes it.
//
// An error ends the loop in each case, and readerEnds tells it: io.EOF of a peer that has sent all
// is one of them.
func (s *streamed) readAll() {
	err := s.handshake()
	s.endHandshake()
	for err == nil && s.waitForRoom() {
		var b *buffer
		if b, err = s.readSome(); b != nil || err != nil {
			s.arrived(b, err)
		}
	}
	s.readerEnds(err)
}

// handshake does what a TLS connection does first, within HandshakeTimeout. It runs on the reader's
// goroutine: the loop must not wait for a peer.
func (s *streamed) handshake() error {
	shaker, ok := s.c.nc.(interface{ HandshakeContext(context.Context) error })
	if !ok {
		return nil
	}
	s.c.mu.Lock()
	timeout := s.c.cfg.HandshakeTimeout
	s.c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return shaker.HandshakeContext(ctx)
}

// endHandshake lets the writer begin. (It would wait for a lock of the TLS connection's otherwise.)
func (s *streamed) endHandshake() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.shaking = false
	s.c.watchIdleLocked()
	// Writes during the handshake were queued, and no writer was started for them.
	if s.c.life.sends() && (len(s.c.out) > 0 || s.shuts) {
		s.flush()
	}
}

// shakes reports whether a connection is still in its handshake, which has a timeout of its own.
func shakes(via transport) bool {
	s, ok := via.(*streamed)
	return ok && s.shaking
}

// waitForRoom reports false when reading is over. That is the backpressure: while nobody takes the
// data, nc's own buffers fill, and the other side waits. room's lock is the connection's, so what
// it looks at cannot change between the look and the wait.
func (s *streamed) waitForRoom() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for len(s.inbox) >= readAhead && s.c.life.delivers() {
		s.room.Wait()
	}
	return s.c.life.delivers()
}

// readSome reads into a buffer of the pool. A buffer without data goes back at once.
func (s *streamed) readSome() (b *buffer, err error) {
	pool := &s.c.loop.buffers
	b = pool.get()
	b.to, err = s.c.nc.Read(b.bytes)
	if b.to == 0 {
		pool.put(b)
		b = nil
	}
	return b, err
}

// arrived hands a buffer to the connection. Data and error of one Read come in one section, so that
// the end is never told before the data.
func (s *streamed) arrived(b *buffer, err error) {
	var fx effects
	c := s.c
	c.mu.Lock()
	if b != nil {
		s.inbox = append(s.inbox, b)
	}
	r := canRead
	if err != nil {
		s.readErr = err
		r |= hasEnded
	}
	c.readyLocked(r, &fx)
	c.mu.Unlock()
	fx.run(c)
}

// readerEnds is called last by the reader, with why it ends.
func (s *streamed) readerEnds(err error) {
	var fx effects
	c := s.c
	c.mu.Lock()
	s.reading = false
	if s.readErr == nil {
		s.readErr = err
	}
	c.readyLocked(canRead|hasEnded, &fx)
	s.settleLocked(&fx)
	c.mu.Unlock()
	fx.run(c)
}

// settleLocked ends a closed connection once both goroutines are gone. Each calls it as its last
// deed. A connection that is not closed stays, though both goroutines may be gone: it may still be
// written to.
func (s *streamed) settleLocked(fx *effects) {
	if s.c.life == closed && s.settled() {
		s.c.moveLocked(settles, nil, fx)
	}
}

// read takes from the reader's inbox, and tells the reader when a buffer has become free. A buffer
// may be taken in parts, where p is shorter.
func (s *streamed) read(p []byte) (n int, more bool, err error) {
	if len(s.inbox) == 0 {
		return 0, false, s.look()
	}
	b := s.inbox[0]
	n = copy(p, b.bytes[b.from:b.to])
	if b.from += n; b.from == b.to {
		s.inbox[0] = nil
		if s.inbox = s.inbox[1:]; len(s.inbox) == 0 {
			s.inbox = nil
		}
		s.c.loop.buffers.put(b)
		s.room.Signal()
	}
	return n, len(s.inbox) > 0 || s.readErr != nil, nil
}

// look reports as io.EOF that the connection was closed here: the reader sees net.ErrClosed then,
// which is no failure of the other side.
func (s *streamed) look() error {
	switch {
	case len(s.inbox) > 0:
		return nil
	case s.readErr == nil:
		return errWait
	case errors.Is(s.readErr, net.ErrClosed):
		return io.EOF
	}
	return s.readErr
}

// finite: with an error noted, the reader delivers nothing more.
func (s *streamed) finite() bool { return s.readErr != nil }

// write leaves all to the writer.
func (s *streamed) write([]byte) (int, error) { return 0, errWait }

// flush starts the writer, unless it lives. A writer that lives looks again before it ends
// (nextJob, under the lock), so nothing that is queued is forgotten.
func (s *streamed) flush() {
	if !s.writing && !s.shaking {
		s.writing = true
		s.c.loop.helpers.Go(s.writeAll)
	}
}

func (s *streamed) shut() {
	s.shuts = true
	s.flush()
}

// The writer says it, behind all queued data.
func (s *streamed) farewell() (done bool) {
	if s.shaking { // there is nobody yet to say it to
		return true
	}
	s.leaves = true
	s.flush()
	return false
}

// writeAll is the writer's goroutine: it sends the queued data, then closes the connection or its
// sending half if asked to, and ends.
func (s *streamed) writeAll() {
	for job := s.nextJob(nil); job != nil; {
		job = s.nextJob(job())
	}
}

// nextJob returns what the writer does next, given the error of its last job. nil: it has ended, so
// that the next flush starts another one.
//
// The job runs without the lock. Only the writer's goroutine calls nextJob, so jobs never overlap.
func (s *streamed) nextJob(err error) (job func() error) {
	var fx effects
	c := s.c
	c.mu.Lock()
	if err != nil {
		c.moveLocked(fails, err, &fx)
	}
	if c.life.sends() {
		job = s.jobLocked()
	}
	if job == nil {
		s.writing, s.spare = false, nil
		s.settleLocked(&fx)
	}
	c.mu.Unlock()
	fx.run(c)
	return job
}

// jobLocked takes the whole queue at once: the writer sends it without the lock, while new data
// gathers in the other of two slices, c.out and spare. The order of the cases is that of the
// promises: queued data first, then the end of the sending half, then the farewell.
func (s *streamed) jobLocked() func() error {
	c := s.c
	switch {
	case len(c.out) > 0:
		p := c.out
		c.out, s.spare = s.spare[:0], nil
		return func() error { return s.send(p) }
	case s.shuts:
		s.shuts = false
		return s.closeWrite
	case s.leaves:
		s.leaves = false
		return s.leave
	}
	c.out = nil
	return nil
}

// send writes in pieces, so that the count of queued bytes falls, and OnDrain is told, as the other
// side takes them. A large slice is not kept as spare.
func (s *streamed) send(p []byte) error {
	all := p
	for len(p) > 0 {
		n, err := s.c.nc.Write(p[:min(len(p), writePiece)])
		if err != nil {
			return err
		}
		p = p[n:]
		s.sent(n)
	}
	if cap(all) <= writePiece {
		s.c.mu.Lock()
		s.spare = all
		s.c.mu.Unlock()
	}
	return nil
}

// sent counts bytes as sent, after each piece: the writer itself runs without the lock.
func (s *streamed) sent(n int) {
	var fx effects
	s.c.mu.Lock()
	s.c.sentLocked(n, &fx)
	s.c.mu.Unlock()
	fx.run(s.c)
}

// closeWrite ignores errors: a side that has gone already is told nothing.
func (s *streamed) closeWrite() error {
	if w, ok := s.c.nc.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
	return nil
}

// leave closes the connection with the farewell that a TLS connection says, which may take its
// time.
func (s *streamed) leave() error {
	_ = s.c.nc.Close()
	s.c.move(empties, nil)
	return nil
}

// close is called locked, once. It frees the reader from waiting for room, and both from nc.
func (s *streamed) close() {
	for _, b := range s.inbox {
		s.c.loop.buffers.put(b)
	}
	s.inbox, s.spare = nil, nil
	s.room.Broadcast()
	closeAtOnce(s.c.nc)
}

// reset has a later close send RST: with linger 0 the system drops unsent data.
func (s *streamed) reset() {
	if tcp, ok := s.c.nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

func (s *streamed) netConn() net.Conn { return s.c.nc }

func (s *streamed) settled() bool { return !s.reading && !s.writing }
