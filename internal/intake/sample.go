package intake

import (
	"time"

	"github.com/quartet-go/quartet/internal/ring"
)

// keepSamples is how many samples are kept for reuse.
const keepSamples = 64

// samples are the idle ones. They are taken and given back without the lock.
type samples struct{ *ring.Ring[*sample] }

func newSamples() samples { return samples{ring.New[*sample](keepSamples)} }

// sample is a leaf whose times are taken: it wraps the func, so that the others carry nothing for it.
type sample struct {
	in       *Intake
	fn       func()
	queuedAt time.Time
	run      func() // Run, bound once
}

// sampled returns fn as one whose times are taken when it runs.
func (in *Intake) sampled(fn func()) func() {
	s, ok := in.fast.samples.Pop()
	if !ok {
		s = &sample{in: in}
		s.run = s.Run
	}
	s.fn, s.queuedAt = fn, in.cfg.Now()
	return s.run
}

// Run runs the leaf and takes its times, however it ends.
func (s *sample) Run() {
	in, fn, queued, started := s.in, s.fn, s.queuedAt, s.in.cfg.Now()
	s.fn = nil
	in.fast.samples.Push(s)
	defer func() {
		ended := in.cfg.Now()
		in.Lock()
		defer in.Unlock()
		in.stats.QueueWait.Observe(started.Sub(queued))
		in.ran(ended.Sub(started))
	}()
	fn()
}
