package intake

import "time"

// sample is a leaf whose times are taken: it wraps the func, so that the others carry nothing for it.
type sample struct {
	in       *Intake
	fn       func()
	queuedAt time.Time
	run      func() // Run, bound once
}

// sample returns fn as one whose times are taken when it runs.
func (in *Intake) sample(fn func()) *sample {
	s, ok := in.fast.samples.Pop()
	if !ok {
		s = &sample{in: in}
		s.run = s.Run
	}
	s.fn, s.queuedAt = fn, in.cfg.Now()
	return s
}

// putBack keeps s for reuse.
func (s *sample) putBack() {
	s.fn = nil
	s.in.fast.samples.Push(s)
}

// Run runs the leaf and takes its times, however it ends.
func (s *sample) Run() {
	in, fn, queued, started := s.in, s.fn, s.queuedAt, s.in.cfg.Now()
	s.putBack()
	defer func() {
		ended := in.cfg.Now()
		in.Lock()
		defer in.Unlock()
		in.stats.QueueWait.Observe(started.Sub(queued))
		in.ran(ended.Sub(started))
	}()
	fn()
}
