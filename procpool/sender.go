package procpool

import (
	"os"
	"slices"
	"sync"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// largeBody is the length from which a body is not copied.
const largeBody = 16 << 10

// sender is a queue of frames to a worker. Frames that are pushed while others are written are
// written together. Many goroutines push, and one at a time writes: loop, or a submitter in direct.
// state says that one does.
//
// Invariant: frames are written in the order of their push, but for urgent ones. All in buf are
// older than those in queue, and while queue holds a frame, others go behind it. Bodies in queue
// are not copied: an input does not change before its call has ended, and the body of a REPLY is a
// copy already. Nobody reads the input of a TASK that has left queue: its caller may have it back.
type sender struct {
	// mu guards the fields below. The goroutine that writes uses file after it was released: state
	// says that there is one.
	mu     sync.Mutex
	state  sending
	file   *os.File     // the pipe: nil while gathering
	inputs *bulk.Outbox // nil: inputs travel in frames
	buf    []byte       // encoded frames: next
	queue  []wire.Frame // from the first large one on: after buf
	sent   int          // how many bytes of the body of queue's first are written
	framed bool         // that body has found no room in shared memory
	urgent []byte       // encoded frames that may pass queue
	queued int          // bytes of the bodies in queue
	moved  time.Time    // when the writer last began a piece, or had written one
	wake   chan struct{}
	places map[uint64]int64 // of inputs in shared memory, by their tasks
}

// push adds a frame to the queue. It never blocks, and may be called under the pool's lock. The
// memory for a worker that does not read is bounded elsewhere: TASKs by the window, replies by
// pushBounded.
func (s *sender) push(f wire.Frame) { s.update(func() { s.addLocked(f) }) }

// pushQuietly is push for a caller that calls direct afterwards, or whose frame may wait for the
// next one: it leaves the writer asleep.
func (s *sender) pushQuietly(f wire.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addLocked(f)
}

// pushUrgent is push for a frame that need not wait behind large bodies, unless its task is one of
// them. A CANCEL that came before its TASK would name a task that is not there, and be ignored.
func (s *sender) pushUrgent(f wire.Frame) {
	s.update(func() {
		if !s.state.open() || s.behindLocked(f.ID) {
			s.addLocked(f)
		} else {
			s.urgent = wire.Append(s.urgent, f)
		}
	})
}

const (
	// With a backlog between softBacklog and the bound of pushBounded, a worker may be slow, but
	// has to read some bytes every 5 s.
	softBacklog = 64 << 20        // more than that may wait for a worker that reads
	stalled     = 5 * time.Second // after what time one does not
)

// pushBounded is push for what a worker could have without end. It reports whether more than most
// bytes wait, or much waits and the worker does not read. The caller kills such a worker. Tasks
// that call without end, and never read what they get, would fill this process's memory.
func (s *sender) pushBounded(f wire.Frame, most int) (clogged bool) {
	s.update(func() {
		s.addLocked(f)
		backlog := len(s.buf) + len(s.urgent) + s.queued
		clogged = backlog > most || backlog > softBacklog && s.state.busy() && time.Since(s.moved) > stalled
	})
	return clogged
}

// addLocked adds a frame to the queue, where frames are accepted still. Later ones are dropped: the
// worker has been told to go, or is dead, and bury sees to its calls.
func (s *sender) addLocked(f wire.Frame) {
	switch {
	case !s.state.open():
	case len(s.queue) == 0 && len(f.Body) < largeBody:
		s.buf = wire.Append(s.buf, f)
	default:
		s.queue = append(s.queue, f)
		s.queued += len(f.Body)
	}
}

// behindLocked reports whether a frame of that task is still in queue, or there is nothing to pass.
func (s *sender) behindLocked(id uint64) bool {
	return len(s.queue) == 0 || slices.ContainsFunc(s.queue, func(f wire.Frame) bool { return f.ID == id })
}

// holds reports whether the TASK of that number is still in queue. No honest worker can know it
// then: a frame leaves queue before its last byte is written.
func (s *sender) holds(id uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.queue, func(f wire.Frame) bool { return f.Type == wire.Task && f.ID == id })
}

// open has the queue written to file from now on, hello first.
func (s *sender) open(file *os.File, hello wire.Frame) {
	s.update(func() {
		s.file = file
		s.buf = append(wire.Append(nil, hello), s.buf...)
		s.state.onLocked(opened)
	})
}

// share has large inputs put into o from now on. welcomeLocked calls it before the first TASK is
// pushed.
func (s *sender) share(o *bulk.Outbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inputs, s.places = o, make(map[uint64]int64)
}

// free frees the place of the input of a task that has left the worker. The memory of a large one
// goes back to the system, so the pool's lock must not be held. A task whose input went in frames
// has no place, and free does nothing.
func (s *sender) free(id uint64) {
	s.mu.Lock()
	at, ok := s.places[id]
	delete(s.places, id)
	s.mu.Unlock()
	if ok {
		s.inputs.Free(at)
	}
}

// close has the pipe closed when the queue has been written.
func (s *sender) close() { s.update(func() { s.state.onLocked(closed) }) }

// update makes a change under the lock, and then wakes the writer where nobody writes. Where
// somebody writes, that one looks at the queue again before it stops, so no wake-up is needed.
func (s *sender) update(change func()) {
	s.mu.Lock()
	change()
	asleep := !s.state.busy()
	s.mu.Unlock()
	if asleep {
		s.signal()
	}
}

// signal wakes loop. wake holds one token, which is enough: loop writes all that is there.
func (s *sender) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// direct writes the queue from the caller's goroutine, as far as the pipe takes it at once: that
// spares a lone call the way to another thread. The writer does the remainder. It runs as an effect
// of assignLocked, after the unlock, on the goroutine that dispatched. It must not block: a worker
// that does not read would hold up whoever submits.
func (s *sender) direct() {
	s.mu.Lock()
	l, ok := load{}, false
	if s.fitsLocked() {
		l, ok = s.dequeueLocked(nil)
	}
	asleep := !s.state.busy()
	s.mu.Unlock()
	if ok {
		// Without the lock, as store copies the body. file is set once, before anybody can begin to
		// write.
		s.store(&l)
		asleep = s.leftOver(l, proc.TryWrite(s.file, l.buf))
	}
	if asleep {
		s.signal()
	}
}

// leftOver ends a direct writing of which the pipe has got n bytes. It reports whether the writer
// has something to do. l has no body: fitsLocked leaves these to the writer.
func (s *sender) leftOver(l load, n int) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.onLocked(ended)
	// The rest is older than all that was pushed meanwhile. A broken pipe shows as n 0: loop meets
	// the error when it tries.
	switch left := l.buf[n:]; {
	case len(left) > 0:
		s.buf = append(left, s.buf...)
	case s.buf == nil:
		// The next frames are gathered in it, so a lone call allocates no buffer.
		s.buf = l.buf[:0]
	}
	return !s.emptyLocked() || s.state == draining
}

// fitsLocked reports whether the pipe may take all of the queue at once. Pieces of large bodies,
// and urgent frames between them, are for loop, which may block.
func (s *sender) fitsLocked() bool {
	if s.file == nil || len(s.urgent) > 0 {
		return false
	}
	return len(s.queue) == 0 || len(s.queue) == 1 && s.bulkyLocked()
}

// bulkyLocked reports whether queue's first frame has an input for shared memory.
func (s *sender) bulkyLocked() bool {
	return s.sent == 0 && !s.framed && s.queue[0].Type == wire.Task && s.inputs.Carries(len(s.queue[0].Body))
}

// emptyLocked reports whether no frame waits.
func (s *sender) emptyLocked() bool { return len(s.buf)+len(s.urgent)+len(s.queue) == 0 }

// loop is the goroutine that writes, until the queue is closed and written (nil), or cannot be
// written. It is a goroutine of the worker's, which live joins. At its return it closes the pipe,
// so that the worker sees the end of file behind the last frame. After an error the state is shut:
// pushes are dropped.
func (s *sender) loop(in *os.File) error {
	defer func() { _ = in.Close() }()
	var spare []byte
	for range s.wake {
		for {
			// The token may be stale: a submitter has written meanwhile, or is writing.
			l, ok := s.dequeue(spare[:0])
			if !ok {
				break
			}
			s.store(&l)
			err := write(in, l.buf)
			if err == nil {
				err = write(in, l.body)
			}
			// Two buffers take turns: frames are gathered in one while the other is written.
			spare = l.buf
			s.wrote(err)
			if err != nil {
				return err
			}
		}
		// Asked after each token: close leaves one, and so does a submitter that has written the
		// last frame of a closed queue.
		if s.done() {
			break
		}
	}
	return nil
}

func write(in *os.File, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	_, err := in.Write(data)
	return err
}

// load is a part of the queue that is about to be written: bytes for the pipe, and a frame whose
// body is for shared memory first.
type load struct {
	buf, body []byte
	bulk      wire.Frame // of type 0: none
}

// dequeue is dequeueLocked.
func (s *sender) dequeue(spare []byte) (load, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dequeueLocked(spare)
}

// dequeueLocked removes the next bytes to write from the queue. spare becomes the next buffer. The
// caller writes them without the lock, and then calls wrote or leftOver. urgent follows buf, all of
// which was pushed before it, and passes queue.
func (s *sender) dequeueLocked(spare []byte) (l load, ok bool) {
	if s.emptyLocked() || !s.state.onLocked(begun) {
		return load{}, false // whoever writes now wakes the writer when it is done
	}
	l.buf = append(s.buf, s.urgent...)
	s.buf, s.urgent = spare, s.urgent[:0]
	if len(s.queue) > 0 {
		s.pieceLocked(&l)
	}
	s.moved = time.Now()
	return l, true
}

// pieceLocked adds the queue's next frame to l, or its next fragment. PROTOCOL.md describes pieces
// under MORE. One piece for each load: urgent frames go between two of them, so a CANCEL need not
// wait for a whole body.
func (s *sender) pieceLocked(l *load) {
	f := s.queue[0]
	left := f.Body[s.sent:]
	switch {
	case s.bulkyLocked():
		// store writes it, without the lock. Until then it stays in queue: frames of its task must
		// not pass it.
		l.bulk = f
		return
	case s.sent == 0 && len(f.Body) > wire.Fragment:
		l.buf, s.sent = wire.Append(l.buf, f.Begin(wire.FirstPiece)), wire.FirstPiece
	case len(left) > wire.Fragment:
		// The first piece has brought the ext block and the whole size.
		f.Ext, f.Body, f.Flags = nil, left[:wire.Fragment], f.Flags|wire.FlagMore
		l.buf, l.body, s.sent = wire.AppendHeader(l.buf, f), f.Body, s.sent+wire.Fragment
	default:
		if s.sent > 0 {
			f.Ext = nil // it went with the first piece
		}
		s.sent, f.Body = len(f.Body), left
		if f.Type == wire.Task && !f.Owned {
			l.buf = wire.Append(l.buf, f) // it leaves queue: see sender
		} else {
			l.buf, l.body = wire.AppendHeader(l.buf, f), left
		}
	}
	if s.sent == len(s.queue[0].Body) {
		s.popLocked()
	}
}

// popLocked removes the first frame, all of which is on its way, from queue. The zero Frame lets
// the body go, though the array lives on.
func (s *sender) popLocked() {
	s.queued -= len(s.queue[0].Body)
	s.queue[0], s.sent, s.framed = wire.Frame{}, 0, false
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
}

// store puts the body of queue's first frame into shared memory, and its place into the bytes for
// the pipe. Where there is no room the frame stays in queue, and goes as others do: a large one in
// pieces, between which urgent frames pass. Only the goroutine that writes calls it. The place is
// noted before the frame is written, so that free finds it when the answer comes.
func (s *sender) store(l *load) {
	if l.bulk.Type == 0 {
		return
	}
	at, ok := s.inputs.Put(l.bulk.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok {
		s.framed = true // the area is full, or the system refuses to write
		return
	}
	l.buf = wire.Append(l.buf, l.bulk.Bulk(at))
	s.places[l.bulk.ID] = at
	s.popLocked()
}

// wrote ends the writing. Frames that cannot be written are forgotten: the worker is dead, or
// dying.
func (s *sender) wrote(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved = time.Now()
	if err == nil {
		s.state.onLocked(ended)
		return
	}
	s.state.onLocked(failed)
	s.buf, s.queue, s.urgent, s.queued, s.sent, s.framed = nil, nil, nil, 0, 0, false
}

// done reports whether the queue is closed and written.
func (s *sender) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.emptyLocked() {
		s.state.onLocked(emptied)
	}
	return s.state == shut
}
