package model

import (
	"time"

	"github.com/quartet-go/quartet/gil"
)

// serving is what a server's thread does next.
type serving uint8

const (
	wantsRequest serving = iota // asks for a request
	takes                       // has got one
	wantsSlot                   // has asked for a slot
	atStep                      // does the next line
	inStep                      // a line is under way
	lends                       // has given its slot back, to await
	wantsBack                   // has awaited, and wants a slot again
	gives                       // has queued the next job, and gives its slot back
)

// server is a thread that takes one request after the other, and does its lines.
type server struct {
	*machine
	lane  int
	state serving
	works *request
	line  int
}

var (
	getRequest = gil.Op{Do: gil.DoGet, Queue: requestsQueue}
	getSlot    = gil.Op{Do: gil.DoGet, Queue: slotsQueue}
	putSlot    = gil.Op{Do: gil.DoPut, Queue: slotsQueue}
)

// next implements gil.Step.
func (s *server) next(now time.Duration) gil.Op {
	for {
		switch s.state {
		case wantsRequest:
			s.state = takes
			return getRequest
		case takes:
			s.works, s.line = s.backlog[0], 0
			s.backlog = s.backlog[1:]
			s.state = atStep
			if s.slots {
				s.state = wantsSlot
				return getSlot
			}
		case wantsSlot:
			s.state = atStep
		case atStep:
			if op, ok := s.begin(now); ok {
				return op
			}
		case lends:
			s.state = wantsBack
			return gil.Op{Do: gil.DoSleep, For: s.works.script[s.line].For}
		case wantsBack:
			s.state, s.line = wantsSlot, s.line+1
			s.works.enter(Wants, now)
			return getSlot
		case inStep:
			s.state, s.line = atStep, s.line+1
		case gives:
			s.state = wantsRequest
			return putSlot
		}
	}
}

// begin does the next line, or answers.
func (s *server) begin(now time.Duration) (gil.Op, bool) {
	q := s.works
	if !q.begun {
		s.recorder.begin(q, s.lane, now)
	}
	if s.line == len(q.script) {
		return s.answer(q, now)
	}
	q.at(s.line, now)
	q.enter(Runs, now)
	step := q.script[s.line]
	s.state = inStep
	switch step.Do {
	case Compute:
		return gil.Op{Do: gil.DoCompute, For: step.For}, step.For > 0
	case Hold:
		return gil.Op{Do: gil.DoHold, For: step.For}, step.For > 0
	case Release:
		return gil.Op{Do: gil.DoRelease, For: step.For}, step.For > 0
	case Await:
		if s.slots {
			s.state = lends
			return putSlot, true
		}
	}
	return gil.Op{Do: gil.DoSleep, For: step.For}, true
}

// answer ends a request. After a job it queues the next one.
func (s *server) answer(q *request, now time.Duration) (gil.Op, bool) {
	s.recorder.end(q, now)
	s.works, s.state = nil, wantsRequest
	switch {
	case q.job && s.slots:
		s.state = gives
		return s.put(s.arrives(now, true)), true
	case q.job:
		return s.put(s.arrives(now, true)), true
	case s.slots:
		return putSlot, true
	}
	return gil.Op{}, false
}
