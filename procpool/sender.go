package procpool

import (
	"os"
	"slices"
	"sync"
)

const (
	largeBody  = 16 << 10  // bodies from here on are not copied
	fragment   = 256 << 10 // longer ones travel in pieces, so that urgent frames pass
	firstPiece = 4 << 10   // of a body in pieces: it says how much follows
)

// sender is a queue of frames to a worker. What comes while others are written is written together.
type sender struct {
	mu     sync.Mutex
	file   *os.File // set when the worker has started
	buf    []byte   // encoded frames: next
	queue  []frame  // from the first large one on: after buf
	begun  bool     // a part of queue's first is written
	urgent []byte   // encoded frames that may pass what is in queue
	busy   bool     // somebody writes
	closed bool
	wake   chan struct{}
}

// push adds a frame to the queue.
func (s *sender) push(f frame) {
	s.mu.Lock()
	if !s.closed {
		s.add(f)
	}
	s.leave()
}

// pushQuietly is push for a caller that calls direct afterwards: it leaves the writer asleep.
func (s *sender) pushQuietly(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.add(f)
	}
}

// pushUrgent is push for a frame that need not wait behind large bodies, unless its task is one of them.
func (s *sender) pushUrgent(f frame) {
	s.mu.Lock()
	switch {
	case s.closed:
	case s.behind(f.id):
		s.add(f)
	default:
		s.urgent = appendFrame(s.urgent, f)
	}
	s.leave()
}

// add is locked.
func (s *sender) add(f frame) {
	if len(s.queue) == 0 && len(f.body) < largeBody {
		s.buf = appendFrame(s.buf, f)
	} else {
		s.queue = append(s.queue, f)
	}
}

// behind is locked: that task is still on its way, or there is nothing to pass.
func (s *sender) behind(id uint64) bool {
	return len(s.queue) == 0 || slices.ContainsFunc(s.queue, func(f frame) bool { return f.id == id })
}

// first puts f before all others, and has the queue written to file from now on.
func (s *sender) first(f frame) {
	s.mu.Lock()
	s.buf = append(appendFrame(nil, f), s.buf...)
	s.leave()
}

// close has the pipe closed when what was pushed has been written.
func (s *sender) close() {
	s.mu.Lock()
	s.closed = true
	s.leave()
}

// leave unlocks, and wakes the writer where nobody writes.
func (s *sender) leave() {
	wake := !s.busy
	s.mu.Unlock()
	if wake {
		s.signal()
	}
}

func (s *sender) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// direct writes what is queued from the caller's goroutine, as far as the pipe takes it at once: that spares a lone call the
// way to another thread. The rest is left to the writer.
func (s *sender) direct() {
	s.mu.Lock()
	if s.busy || s.file == nil || len(s.queue) > 0 || len(s.buf) == 0 || len(s.urgent) > 0 {
		s.leave()
		return
	}
	buf := s.buf
	s.buf, s.busy = nil, true
	s.mu.Unlock()
	n := tryWrite(s.file, buf)
	s.mu.Lock()
	s.busy = false
	switch rest := buf[n:]; {
	case len(rest) > 0:
		s.buf = append(rest, s.buf...)
	case s.buf == nil:
		s.buf = buf[:0]
	}
	if len(s.buf) > 0 || len(s.queue) > 0 || len(s.urgent) > 0 || s.closed {
		s.leave()
	} else {
		s.mu.Unlock()
	}
}

// loop is the goroutine that writes.
func (s *sender) loop(in *os.File) {
	defer func() { _ = in.Close() }()
	var spare []byte
	for range s.wake {
		for {
			buf, body, ok := s.take(spare[:0])
			if !ok {
				break
			}
			err := write(in, buf)
			if err == nil {
				err = write(in, body)
			}
			spare = buf
			s.wrote(err)
			if err != nil {
				return
			}
		}
		if s.done() {
			return
		}
	}
}

func write(in *os.File, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	_, err := in.Write(data)
	return err
}

// take returns what is to be written next: buf, then body. spare becomes the next buffer.
func (s *sender) take(spare []byte) (buf, body []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || len(s.buf)+len(s.urgent)+len(s.queue) == 0 {
		return nil, nil, false // direct wakes the writer when it is done
	}
	buf = append(s.buf, s.urgent...)
	s.buf, s.urgent = spare, s.urgent[:0]
	if len(s.queue) > 0 {
		buf, body = s.piece(buf)
	}
	s.busy = true
	return buf, body, true
}

// piece is locked: it appends the header of the queue's next frame, or of its next fragment.
func (s *sender) piece(buf []byte) (head, body []byte) {
	f := &s.queue[0]
	whole := *f
	switch {
	case len(f.body) > fragment && !s.begun:
		whole = f.begin(firstPiece)
		f.body, s.begun = f.body[firstPiece:], true
		return appendFrame(buf, whole), nil
	case len(f.body) > fragment:
		whole.body, whole.flags = f.body[:fragment], f.flags|flagMore
		f.body = f.body[fragment:]
		return appendHeader(buf, whole), whole.body
	}
	s.queue[0], s.begun = frame{}, false
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
	return appendHeader(buf, whole), whole.body
}

// wrote ends the writing. What cannot be written is forgotten: the worker is dead, or dying.
func (s *sender) wrote(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	if err != nil {
		s.closed, s.buf, s.queue, s.urgent = true, nil, nil, nil
	}
}

// done reports whether the queue is closed and written.
func (s *sender) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed && !s.busy && len(s.buf)+len(s.urgent)+len(s.queue) == 0
}
