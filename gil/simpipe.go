package gil

import "time"

// queue is a pipe of the simulated machine. A reader that waits means that there are no items:
// putInto hands over directly.
//
// Invariant: items or readers is empty. A pipe has no bound, so a put never waits.
type queue struct {
	items   []time.Duration // when each was put
	readers []*vthread      // who wait, the oldest first
}

// queue returns the pipe of that number; programs name pipes without declaring them.
func (s *sim) queue(i int) *queue {
	for i >= len(s.queues) {
		s.queues = append(s.queues, queue{})
	}
	return &s.queues[i]
}

// putInto puts a message of t's, and returns how long that takes. The reader gets the time of the
// put, from which a round in an open loop counts.
func (s *sim) putInto(t *vthread) time.Duration {
	q := s.queue(t.op.Queue)
	if len(q.readers) == 0 {
		q.items = append(q.items, s.now)
		return s.machine.pipe()
	}
	r := q.readers[0]
	q.readers = append(q.readers[:0], q.readers[1:]...)
	r.got = s.now
	if t.abroad {
		return s.rouse(r, nil, onRun)
	}
	return s.rouse(r, t, onRun)
}

// getFrom has t get a message, now or when one is put. A reader that waits has no entry in the
// agenda: only a put wakes it.
func (s *sim) getFrom(i int, t *vthread, owed time.Duration) {
	q := s.queue(i)
	if len(q.items) == 0 {
		q.readers = append(q.readers, t)
		return
	}
	t.got = q.items[0]
	q.items = append(q.items[:0], q.items[1:]...)
	s.occupy(t)
	s.agenda.put(t, s.now+owed+s.machine.pipe(), onFollow)
}
