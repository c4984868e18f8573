package procpool

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/quartet-go/quartet"
)

// flushAfter is how long a finished result may wait for others to be written with it, while short tasks run.
const flushAfter = 20 * time.Microsecond

// kick is locked: a free token goes to a task, on a goroutine that is parked or new.
func (s *server) kick() {
	if s.running != nil {
		return
	}
	switch j := s.pick(); {
	case j == nil:
	case s.parked:
		s.parked = false
		s.hand <- j
	default:
		go s.work(j)
	}
}

// pick is locked, with the token free: it gives the token to a task whose wait is over (nil), or to one that may start,
// which the caller runs. Without either it tells the pool what could start here.
func (s *server) pick() *job {
	if len(s.returning) > 0 {
		j := s.returning[0]
		s.returning = s.returning[1:]
		s.resume(j)
		return nil
	}
	last := s.last()
	for len(s.local) > 0 {
		j := s.local[0]
		s.local = s.local[1:]
		if last == nil || j.under == last.id {
			s.start(j)
			return j
		}
		s.giveBack(j)
	}
	s.local = nil
	if last != nil {
		s.out.put(frame{typ: frameWant, id: last.id})
	}
	s.out.flush()
	return nil
}

// last is locked: the task that started last, of those that have not ended.
func (s *server) last() *job {
	if n := len(s.started); n > 0 {
		return s.started[n-1]
	}
	return nil
}

// start is locked.
func (s *server) start(j *job) {
	s.running, j.began = j, time.Now()
	s.started = append(s.started, j)
	s.out.page.word(pageRunning).Store(j.id)
}

// resume is locked.
func (s *server) resume(j *job) {
	s.running, j.suspended = j, false
	s.out.put(frame{typ: frameResumed, id: j.id})
	s.out.page.word(pageRunning).Store(j.id)
	s.out.flush()
	close(j.turn)
}

// work is a goroutine that runs tasks: j, and what follows.
func (s *server) work(j *job) {
	for j != nil {
		s.run(j)
		j = s.follow(j)
	}
}

// run runs j's function and puts its result on the way. When the function calls Goexit this goroutine ends, and another
// takes its place.
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
			go s.workAfter(j)
		}
	}()
	j.node.Claim()
	codec := codecOf(s.codec, j.raw)
	output, err = quartet.Invoke(j.node.Context(), j.name, codec, j.input)
	raw = isRaw(codec)
	returned = true
}

func (s *server) workAfter(j *job) { s.work(s.follow(j)) }

// end sends j's result.
func (s *server) end(j *job, output []byte, raw bool, err error) {
	j.took = time.Since(j.began)
	f := frame{typ: frameResult, id: j.id, arg: kindOutput, body: output}
	if raw {
		f.arg = kindRaw
	}
	if err != nil {
		f.arg = kindError
		f.body = encodeError(err, context.Cause(j.node.Context()))
	}
	if len(f.body) > s.limit {
		f.arg = kindError
		f.body = encodeError(fmt.Errorf("procpool: the result of %q is %d bytes, beyond Config.MaxFrame (%d)", j.name, len(f.body), s.limit), nil)
	}
	f.arg |= uint16(bits.Len64(uint64(j.took))) << 8
	j.node.End()
	s.out.put(f)
}

// follow gives the token of j, which has ended, on. It returns the next task for the same goroutine, or nil when the
// goroutine is to end. While it is parked it waits here.
func (s *server) follow(j *job) *job {
	s.mu.Lock()
	s.pace += (j.took - s.pace) / 4
	s.forget(j)
	var next *job
	if s.running == nil {
		next = s.pick()
	}
	park := next == nil && !s.parked
	s.parked = s.parked || park
	slow := s.pace > flushAfter
	s.mu.Unlock()
	if park {
		return <-s.hand
	}
	if since, any := s.out.waiting(); any {
		if slow || time.Since(since) > flushAfter {
			s.out.flush()
		} else {
			s.watch()
		}
	}
	return next
}

// forget is locked: j has ended. A foreign goroutine may have given its token away in its name.
func (s *server) forget(j *job) {
	delete(s.jobs, j.id)
	for i, l := range s.started {
		if l == j {
			s.started = append(s.started[:i], s.started[i+1:]...)
			break
		}
	}
	if s.running == j {
		s.running = nil
		return
	}
	for i, l := range s.returning {
		if l == j {
			s.returning = append(s.returning[:i], s.returning[i+1:]...)
			close(j.turn)
			break
		}
	}
}
