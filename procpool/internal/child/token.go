package child

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet"
)

// flushAfter is how long a finished result may wait for others to be written with it, while short
// tasks run.
const flushAfter = 20 * time.Microsecond

// kickLocked has a goroutine see what can be done.
func (s *server) kickLocked() {
	if s.crew.onLocked(calledUp) {
		s.callUp <- struct{}{}
	} else {
		go s.work()
	}
}

// work is what a goroutine does that runs no task: it starts one that may start, else it reads
// frames, else, where another goroutine does that, it parks. So a lone task is read, run and
// answered by one goroutine, without a switch between threads; the watch has another one read while
// a task takes long.
func (s *server) work() {
	for {
		j, role := s.choose()
		switch {
		case j != nil:
			s.run(j)
		case role == reads:
			s.receive()
		case role == parks:
			<-s.callUp
		default:
			return
		}
	}
}

type role uint8

const (
	ends role = iota
	reads
	parks
)

// choose returns the task that the caller is to run, or else its role.
func (s *server) choose() (*job, role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens > 0 {
		if j := s.pickLocked(); j != nil {
			s.flushBeforeLocked(j)
			if s.width > 1 && (len(s.local) > 0 || !s.crew.reads()) {
				s.kickLocked()
			}
			return j, ends
		}
	}
	read := s.crew.reads()
	switch {
	case !s.crew.onLocked(comes):
		return nil, ends
	case read:
		return nil, parks
	}
	return nil, reads
}

// pickLocked gives a token, which must be free, to a task whose wait is over (nil), or to one that
// may start, which the caller runs. Without either it tells the pool what could start here.
func (s *server) pickLocked() *job {
	if len(s.returning) > 0 {
		j := s.returning[0]
		s.returning = s.returning[1:]
		s.resumeLocked(j)
		return nil
	}
	last := s.lastLocked()
	for len(s.local) > 0 {
		j := s.local[0]
		s.local[0] = nil
		s.local = s.local[1:]
		if last == nil || j.under == last.id || s.width > 1 {
			s.startLocked(j)
			return j
		}
		s.giveBackLocked(j, 0)
	}
	s.local = nil
	if last != nil && s.wanted != last.id && s.width == 1 {
		s.wanted = last.id
		s.out.put(wire.Frame{Type: wire.Want, ID: last.id})
	}
	s.out.flush()
	return nil
}

// lastLocked returns the task that started last, of those that have not ended.
func (s *server) lastLocked() *job {
	if n := len(s.started); n > 0 {
		return s.started[n-1]
	}
	return nil
}

// startLocked gives j a token. The caller runs it.
func (s *server) startLocked(j *job) {
	j.began = s.ended // of the task before, read just now
	s.ended = time.Time{}
	if j.began.IsZero() {
		j.began = time.Now()
	}
	j.toLocked(running)
	s.wanted = 0
	s.tokens--
	s.starts++
	s.started = append(s.started, j)
	s.out.page.Word(wire.PageRunning).Store(j.id)
	s.watch()
	s.beat()
}

// resumeLocked gives j, whose wait is over, a token.
func (s *server) resumeLocked(j *job) {
	j.toLocked(running)
	s.wanted = 0
	s.tokens--
	s.out.put(wire.Frame{Type: wire.Resumed, ID: j.id})
	s.out.page.Word(wire.PageRunning).Store(j.id)
	s.out.flush()
	close(j.turn)
}

// flushBeforeLocked writes results that have waited, or would wait for j.
func (s *server) flushBeforeLocked(j *job) {
	if since, any := s.out.waiting(); any && (s.pace > flushAfter || j.began.Sub(since) > flushAfter) {
		s.out.flush()
	}
}

// run runs j's function and puts its result on the way. When the function calls Goexit this
// goroutine ends, and another takes its place.
func (s *server) run(j *job) {
	var output []byte
	var raw bool
	err := error(quartet.ErrGoexit)
	returned := false
	defer func() {
		v := recover()
		if v != nil {
			err = quartet.NewPanicError(v)
		}
		s.end(j, output, raw, err)
		if v == nil && !returned {
			go s.work()
		}
	}()
	j.node.Claim()
	form := codec.Of(s.codec, j.raw, true)
	if failed := j.fetch(); failed != nil {
		err = failed
	} else {
		output, err = j.invoke(s.around, form)
	}
	raw = codec.IsRaw(form)
	returned = true
}

// fetch reads an input that lies in shared memory. Its place is j's until j's end.
func (j *job) fetch() (err error) {
	if j.place.Size > 0 {
		j.server.heap.carries(j.place.Size)
		j.input, err = j.server.inputs.Read(j.place)
	}
	return err
}

// end sends j's result.
func (s *server) end(j *job, output []byte, raw bool, err error) {
	now := time.Now()
	j.took = now.Sub(j.began)
	f := wire.Frame{Type: wire.Result, ID: j.id, Arg: wire.KindOutput, Body: output}
	if raw {
		f.Arg = wire.KindRaw
	}
	if err != nil {
		f.Arg = wire.KindError
		f.Body = wire.EncodeError(err, context.Cause(j.node.Context()))
	}
	if len(f.Body) > s.limit {
		f.Arg = wire.KindError
		f.Body = wire.EncodeError(fmt.Errorf("procpool: the result of %q is %d bytes, beyond Config.MaxFrame (%d)",
			j.name, len(f.Body), s.limit), nil)
	}
	f.Arg |= uint16(bits.Len64(uint64(j.took))) << 8
	j.node.End()
	s.out.put(f)
	s.mu.Lock()
	s.pace += (j.took - s.pace) / 4
	s.forgetLocked(j)
	s.ended = now
	s.mu.Unlock()
}

// forgetLocked drops j, which has ended. A foreign goroutine may have given its token away in its
// name.
func (s *server) forgetLocked(j *job) {
	is := func(k *job) bool { return k == j }
	s.started = slices.DeleteFunc(s.started, is)
	switch j.stage {
	case running:
		s.tokens++
	case returning:
		s.returning = slices.DeleteFunc(s.returning, is)
		close(j.turn)
	}
	j.toLocked(over)
}
