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
// tasks run. With tasks of a few microseconds one system call then writes the results of several. A
// longer wait would be felt by a caller that waits for one result.
const flushAfter = 20 * time.Microsecond

// kickLocked has a goroutine see what can be done.
//
// The goroutine in reserve is preferred: it exists. Without one a new goroutine comes, and ends
// when it finds both places of the crew taken. The send does not block: calledUp has emptied the
// place for which the channel has room.
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
//
// A panic of a task does not leave run. A task that calls Goexit ends this goroutine, and run
// starts another.
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
//
// It is the only place at which a goroutine gets a role, and all of it happens under mu: no two
// goroutines run one task, and no frame is left without a reader while somebody is free.
func (s *server) choose() (*job, role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens > 0 {
		if j := s.pickLocked(); j != nil {
			// Before the task runs, since nobody may come to write for as long as it takes.
			s.flushBeforeLocked(j)
			// With one token nobody else could run a task now, and the watch sees to the reading.
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
//
// Waits that are over come first: a chain of tasks unwinds before anything new is added to it. In a
// worker with one token only a task below the one that started last may start. So a crash costs
// tasks of one chain only, and a suspended task never waits behind a stranger. Any other one goes
// back to the pool, as PROTOCOL.md asks (tag 3 of EXT).
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
	// The array is given up with its last job.
	s.local = nil
	if last != nil && s.wanted != last.id && s.width == 1 {
		s.wanted = last.id
		s.out.put(wire.Frame{Type: wire.Want, ID: last.id})
	}
	// This worker has nothing to do, so no later write would carry the frames in the buffer.
	s.out.flush()
	return nil
}

// lastLocked returns the task that started last, of those that have not ended. The chain's end:
// WANT names it, and the tasks that may start descend from it.
func (s *server) lastLocked() *job {
	if n := len(s.started); n > 0 {
		return s.started[n-1]
	}
	return nil
}

// startLocked gives j a token. The caller runs it.
//
// The ledger's word is stored before the function is called, and this order is what the pool relies
// on: if the worker dies after that, the call counts as started, and is tried again only if it is
// Idempotent; before that, it goes to another worker. With several tokens the word names one of the
// running tasks, and the pool does not trust it (worker.exact).
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
	s.tasks.Add(1)
	s.out.page.Word(wire.PageRunning).Store(j.id)
	s.watch()
	s.beat()
}

// resumeLocked gives j, whose wait is over, a token.
//
// RESUMED is flushed before the function goes on: the pool then sends no more tasks for this one's
// wait. The word in the ledger makes j the victim if the worker dies now. Closing turn lets
// takeBack return.
func (s *server) resumeLocked(j *job) {
	j.toLocked(running)
	s.wanted = 0
	s.tokens--
	s.out.put(wire.Frame{Type: wire.Resumed, ID: j.id})
	s.out.page.Word(wire.PageRunning).Store(j.id)
	s.out.flush()
	close(j.turn)
}

// flushBeforeLocked writes results that have waited, or would wait for j. They would wait if tasks
// take longer than flushAfter, going by the mean; then each result is written at once. A finished
// result thus never waits behind a task that is known to be long; for one that turns out long, the
// watch writes it.
func (s *server) flushBeforeLocked(j *job) {
	if since, any := s.out.waiting(); any && (s.pace > flushAfter || j.began.Sub(since) > flushAfter) {
		s.out.flush()
	}
}

// run runs j's function and puts its result on the way. When the function calls Goexit this
// goroutine ends, and another takes its place.
//
// It is called without locks by work. Whatever the function does, exactly one RESULT is sent: the
// deferred function sends it for a return, a panic and Goexit alike. A crash of the process sends
// none; the pool then knows from the ledger that j had started.
func (s *server) run(j *job) {
	var output []byte
	var raw bool
	// The result of a function that neither returns nor panics.
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
	// Nobody else claims it: a job is in no queue of package intake. Its context is cancelled by
	// CANCEL, which does not keep it from starting here.
	j.node.Claim()
	// The codec notes while it encodes whether the output is raw bytes, so each call has its own.
	// The input is lent: nobody else has it.
	form := codec.Of(s.codec, j.raw, true)
	if failed := j.fetch(); failed != nil {
		err = failed
	} else {
		output, err = j.invoke(s.around, form)
	}
	raw = codec.IsRaw(form)
	returned = true
}

// fetch reads an input that lies in shared memory. Its place is j's until j's end. It is read here
// and not in deliver: a task that goes back to the pool costs no copy, and the goroutine that reads
// is not kept. The pool keeps the input there until RESULT or RETURNED.
func (j *job) fetch() (err error) {
	if j.place.Size > 0 {
		j.server.heap.carries(j.place.Size)
		j.input, err = j.server.inputs.Read(j.place)
	}
	return err
}

// end sends j's result.
//
// The node ends before the result is sent: goroutines of the function that still use its context
// are told first. The result is sent before the token is free: so RESULT goes before all frames of
// the next task. No lock is held while the error is encoded, which calls the user's methods.
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
	// The high byte of a RESULT's arg: the pool sends tasks ahead by it.
	f.Arg |= uint16(bits.Len64(uint64(j.took))) << 8
	j.node.End()
	s.out.put(f)
	s.mu.Lock()
	// An average in which the last four or so tasks count most.
	s.pace += (j.took - s.pace) / 4
	s.forgetLocked(j)
	s.ended = now
	s.mu.Unlock()
}

// forgetLocked drops j, which has ended. A foreign goroutine may have given its token away in its
// name.
//
// If j is running, its token is free again. If j is suspended, its token was lent already, and
// stays with whoever has it. If j is returning, the goroutine that waits in takeBack is let go
// without a token: the function has ended, and it has nothing to run.
func (s *server) forgetLocked(j *job) {
	is := func(k *job) bool { return k == j }
	s.started = slices.DeleteFunc(s.started, is)
	s.tasks.Add(-1)
	switch j.stage {
	case running:
		s.tokens++
	case returning:
		s.returning = slices.DeleteFunc(s.returning, is)
		close(j.turn)
	}
	j.toLocked(over)
}
