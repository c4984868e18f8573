package procpool

import (
	"os"
	"sync"
	"time"
)

// pipes are the pool's ends of what leads to a worker, and, until it has started, the worker's ends too.
type pipes struct {
	in, out, stdout, stderr *os.File
	page                    *os.File // nil: no ledger
	leash                   *leash
	far                     struct{ in, out, stdout, stderr *os.File }
}

func newPipes() (ps *pipes, err error) {
	ps = &pipes{}
	open := func(r, w **os.File) {
		if err == nil {
			*r, *w, err = os.Pipe()
		}
	}
	open(&ps.far.in, &ps.in)
	open(&ps.out, &ps.far.out)
	open(&ps.stdout, &ps.far.stdout)
	open(&ps.stderr, &ps.far.stderr)
	if err == nil {
		ps.leash, err = newLeash()
	}
	if err != nil {
		ps.close()
		return nil, err
	}
	ps.page, _ = newPage()
	return ps, nil
}

func (ps *pipes) closeFar() {
	for _, f := range []*os.File{ps.far.in, ps.far.out, ps.far.stdout, ps.far.stderr} {
		_ = f.Close() // nil is an error like others
	}
}

func (ps *pipes) close() {
	ps.closeFar()
	for _, f := range []*os.File{ps.in, ps.out, ps.stdout, ps.stderr, ps.page} {
		_ = f.Close()
	}
	if ps.leash != nil {
		ps.leash.loose()
	}
}

// drainTime is how long the pipes of a dead worker are read while a process that it has started, and that has left its
// group, still holds them.
const drainTime = time.Second

// expire bounds the reads and writes that are left when the worker is dead.
func (ps *pipes) expire() {
	_ = ps.in.Close()
	at := time.Now().Add(drainTime)
	for _, f := range []*os.File{ps.out, ps.stdout, ps.stderr} {
		_ = f.SetReadDeadline(at)
	}
}

// sender is a queue of frames to a worker. Frames that come while others are written are written together.
type sender struct {
	mu     sync.Mutex
	frames []frame
	closed bool
	wake   chan struct{}
}

func (s *sender) push(f frame) {
	s.mu.Lock()
	if !s.closed {
		s.frames = append(s.frames, f)
	}
	s.mu.Unlock()
	s.signal()
}

// first puts f before all others.
func (s *sender) first(f frame) {
	s.mu.Lock()
	s.frames = append([]frame{f}, s.frames...)
	s.mu.Unlock()
	s.signal()
}

// close has the pipe closed when what was pushed has been written.
func (s *sender) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
}

func (s *sender) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sender) take(spare []frame) (frames []frame, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	frames, s.frames = s.frames, spare
	return frames, s.closed
}

const (
	gather     = 64 << 10 // what is written together
	largeFrame = 16 << 10 // bodies from here on are not copied
)

// loop is the goroutine that writes.
func (s *sender) loop(in *os.File) {
	defer func() { _ = in.Close() }()
	var frames []frame
	var buf []byte
	for range s.wake {
		for {
			var closed bool
			clear(frames)
			frames, closed = s.take(frames[:0])
			if len(frames) == 0 {
				if closed {
					return
				}
				break
			}
			var err error
			if buf, err = writeFrames(in, frames, buf[:0]); err != nil {
				s.abort()
				return
			}
		}
	}
}

// abort forgets what cannot be written: the worker is dead, or dying.
func (s *sender) abort() {
	s.mu.Lock()
	s.closed, s.frames = true, nil
	s.mu.Unlock()
}

func writeFrames(in *os.File, frames []frame, buf []byte) ([]byte, error) {
	for _, f := range frames {
		buf = appendHeader(buf, f)
		large := len(f.body) >= largeFrame
		if !large {
			buf = append(buf, f.body...)
		}
		if large || len(buf) >= gather {
			if _, err := in.Write(buf); err != nil {
				return buf, err
			}
			buf = buf[:0]
		}
		if large {
			if _, err := in.Write(f.body); err != nil {
				return buf, err
			}
		}
	}
	if len(buf) == 0 {
		return buf, nil
	}
	_, err := in.Write(buf)
	return buf, err
}
