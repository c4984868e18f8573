package natspool

import (
	"context"
	"sync"
)

// starter is the queue of granted calls on their way to the executor, which gets no more at once
// than the node has slots. It is needed beside the executor's own limit, since an executor may be
// wider than the node's Slots, or shared.
type starter struct {
	// mu guards the fields below. more waits on it: for a call in the queue and room for it.
	mu      sync.Mutex
	more    *sync.Cond
	queue   []start
	room    int // slots that are free; below 0: more calls go on after a wait than there are
	stopped bool
}

// start is a granted call with the context that it is submitted with, which has the deadline and
// the label.
type start struct {
	job *job
	ctx context.Context
}

// The lock is a leaf: it may be taken under the node's, and nothing is taken under it.
func (s *starter) init(slots int) { s.more, s.room = sync.NewCond(&s.mu), slots }

func (s *starter) push(j start) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, j)
	s.more.Signal()
}

// give gives a slot back, take takes one, whether there is one or not.
func (s *starter) give() { s.add(1) }
func (s *starter) take() { s.add(-1) }

func (s *starter) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room += n
	s.more.Signal()
}

// next waits for a call and a slot, and takes both; false: there will be none. Calls that are in
// the queue when it is stopped are still handed out: they were granted.
func (s *starter) next() (start, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for (len(s.queue) == 0 || s.room <= 0) && !s.stopped {
		s.more.Wait()
	}
	if len(s.queue) == 0 {
		return start{}, false
	}
	first := s.queue[0]
	s.queue[0] = start{}
	s.queue = s.queue[1:]
	s.room--
	return first, true
}

// waiting is how many calls wait for a slot.
func (s *starter) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// startAll is the only one who waits, so one signal is enough.
func (s *starter) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.more.Signal()
}
