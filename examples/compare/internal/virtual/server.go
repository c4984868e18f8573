package virtual

import (
	"cmp"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/gil"
)

// server is a thread that takes requests from a mailbox, one after the other.
type server struct {
	w       *world
	in      *mailbox
	lane    lane
	works   *request      // nil: on none
	clock   *mailbox      // of a loop: where requests go that wait; nil: a wait keeps the thread
	helpers *mailbox      // of a loop: where what is heavy goes
	cost    time.Duration // of a message to or from it
	reads   int           // calls of the kernel to read what has come, without its lock
	socket  bool          // it answers by a call of the kernel, without its lock
	takes   time.Duration // for each request, besides its job; 0: handling

	accepted func() gil.Op // of a loop behind a primary: says that it is free

	plan []gil.Op // what it does before then
	then func(now time.Duration)
}

// do has the thread do ops, and then go on.
func (s *server) do(then func(now time.Duration), ops ...gil.Op) { s.plan, s.then = ops, then }

func (s *server) step(now time.Duration) gil.Op {
	for {
		if len(s.plan) > 0 {
			op := s.plan[0]
			s.plan = s.plan[1:]
			return op
		}
		then := s.then
		if s.then = nil; then == nil {
			s.do(s.taken, s.get()...)
			continue
		}
		then(now)
	}
}

// get waits for a request. It reads all that the socket has at once.
func (s *server) get() []gil.Op {
	ops := []gil.Op{s.in.get()}
	if len(s.in.items) == 0 {
		for range s.reads {
			ops = append(ops, socketCall)
		}
	}
	return ops
}

// taken begins, hands on, or finishes a request.
func (s *server) taken(now time.Duration) {
	r := s.in.take()
	if r.handed {
		r.handed = false
		s.do(func(now time.Duration) { s.handle(r, now) }, s.accepted())
		return
	}
	s.handle(r, now)
}

func (s *server) handle(r *request, now time.Duration) {
	switch {
	case r.done:
		s.do(func(now time.Duration) { s.finish(r, now) }, compute(s.handling()+s.message(r)))
	case r.Heavy && s.helpers != nil:
		s.do(func(time.Duration) { s.do(nil, s.helpers.put(r)) }, compute(s.handling()+s.message(r)))
	default:
		s.begin(r, now)
	}
}

func (s *server) begin(r *request, now time.Duration) {
	s.w.begins(s, r, now)
	s.do(func(now time.Duration) { s.computed(r, now) }, s.work(r)...)
}

// work is what a request has to compute, with the lock and without.
func (s *server) work(r *request) []gil.Op {
	ops := []gil.Op{compute(s.handling() + s.message(r) + r.Compute)}
	if r.Native > 0 {
		ops = append(ops, gil.Op{Do: gil.DoRelease, For: r.Native})
	}
	return ops
}

// handling is the CPU time of one step of a request.
func (s *server) handling() time.Duration { return cmp.Or(s.takes, handling) }

// message is what it costs to get r, or to hand it on: nothing on a loop that keeps it.
func (s *server) message(r *request) time.Duration {
	if s.helpers != nil && !r.Heavy {
		return 0
	}
	return s.cost
}

// computed is what follows a request's computing.
func (s *server) computed(r *request, now time.Duration) {
	switch {
	case r.Wait == 0:
		s.finish(r, now)
	case s.clock == nil:
		s.do(func(now time.Duration) { s.finish(r, now) }, gil.Op{Do: gil.DoSleep, For: r.Wait}, compute(s.handling()))
	default:
		s.w.leaves(s, r, now)
		r.until = now + r.Wait
		s.do(nil, s.clock.put(r))
	}
}

// finish answers a request, or tells the loop that it works for.
func (s *server) finish(r *request, now time.Duration) {
	s.w.ends(s, r, now)
	if s.in.back {
		r.done = true
		s.do(nil, s.w.front.put(r))
		return
	}
	ops := s.w.next(s.w.answer(r, now))
	if s.socket {
		ops = append(ops, socketCall)
	}
	s.do(nil, ops...)
}

var socketCall = gil.Op{Do: gil.DoRelease, For: model.SocketCall}

func compute(d time.Duration) gil.Op { return gil.Op{Do: gil.DoCompute, For: d} }
