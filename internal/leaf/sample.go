package leaf

import "time"

// sampleEvery is how often a leaf's times are taken: a clock reading costs more than an empty one.
const sampleEvery = 256

// sample is a leaf whose times are taken: it wraps the func, so that the others carry nothing for
// it. It belongs to one goroutine at a time: the pusher's, then the consumer's. The ring of idle
// ones hands it over.
type sample struct {
	lane     *Lane
	fn       func()
	queuedAt time.Time
	run      func() // Run, bound once
}

// sample returns fn as one whose times are taken when it runs. An empty ring of idle ones costs an
// allocation, one in sampleEvery leaves at most.
func (l *Lane) sample(fn func()) *sample {
	s, ok := l.samples.Pop()
	if !ok {
		s = &sample{lane: l}
		s.run = s.Run
	}
	s.fn, s.queuedAt = fn, l.of.Now()
	return s
}

// putBack keeps s for reuse. A full ring drops s; it is garbage then.
func (s *sample) putBack() {
	s.fn = nil
	s.lane.samples.Push(s)
}

// Run runs the leaf and takes its times, however it ends. It gives s back before it runs the leaf:
// the leaf may take long, or end by a Goexit. The times are told in a deferred call, on the
// goroutine of the leaf, which may be unwinding.
func (s *sample) Run() {
	of, fn, queued, started := s.lane.of, s.fn, s.queuedAt, s.lane.of.Now()
	s.putBack()
	defer func() { of.Timed(started.Sub(queued), of.Now().Sub(started)) }()
	fn()
}
