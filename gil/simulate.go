package gil

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
)

// StepThread is a thread in the step form.
type StepThread struct {
	Label string
	// Step is its code. It must not be nil.
	Step Step
	// Interpreter is of which one it is, modulo their number; -1: of none, as a thread of another process, which needs no
	// lock. Default: the first.
	Interpreter int
	// Start is when it starts.
	Start time.Duration
}

// Simulate runs threads in the step form on a simulated machine until all have ended, or until limit when that is
// positive, and returns what they did; Config's Clock, and what is about tasks, is not looked at. The error is a
// [*DeadlockError] when threads wait for what cannot come. It runs on the calling goroutine, at some million steps per
// second, and allocates nothing per step.
func Simulate(cfg Config, limit time.Duration, threads ...StepThread) (Report, error) {
	cfg.fill()
	s := newSim(&cfg)
	if o := cfg.Observer; o != nil {
		s.watch = s.observedBy(o)
		s.ended = func(t *vthread) { s.watch(t, quartet.EventEnded, "", nil) }
	}
	for i, th := range threads {
		if th.Step == nil {
			panic(fmt.Sprintf("gil: Simulate: thread %d has no Step", i))
		}
		t := s.spawn(th.Step, th.Interpreter, th.Start)
		t.label = th.Label
		if s.watch != nil {
			s.watch(t, quartet.EventStarted, "", nil)
		}
	}
	err := s.run(limit)
	return s.report(&cfg), err
}

// run steps the machine until nothing is left to do, or until limit.
func (s *sim) run(limit time.Duration) error {
	for len(s.agenda.heap) > 0 {
		if limit > 0 && s.agenda.heap[0].at > limit {
			s.now = limit
			s.stop()
			return nil
		}
		s.step()
	}
	if s.threads > 0 {
		return s.stuck()
	}
	return nil
}

// stop accounts for the threads that are alive.
func (s *sim) stop() {
	for _, t := range s.alive() {
		t.set(s, t.state)
		t.check(s)
		t.endConvoy(s)
		s.done = append(s.done, t)
	}
}

// observedBy returns what tells o of the threads' steps.
func (s *sim) observedBy(o quartet.Observer) func(*vthread, quartet.EventKind, string, *vthread) {
	return func(t *vthread, kind quartet.EventKind, detail string, peer *vthread) {
		e := quartet.Event{
			Kind: kind, Executor: "gil", Lane: t.number, Task: uint64(t.number) + 1, Label: t.label,
			At: time.Unix(0, int64(s.now)).UTC(), Detail: detail,
		}
		if peer != nil {
			e.Peer = uint64(peer.number) + 1
		}
		o.Observe(e)
	}
}
