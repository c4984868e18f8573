package gil

import (
	"time"

	"github.com/quartet-go/quartet"
)

// StepThread is a thread in the step form.
//
// Steps have a state, so a StepThread is for one simulation.
type StepThread struct {
	Label string
	// Step is its code. It must not be nil.
	Step Step
	// Interpreter is the number of the thread's interpreter, modulo their count. -1: none, like a
	// thread of another process; it needs no lock. Default: the first.
	Interpreter int
	// Start is when it starts.
	Start time.Duration
}

// Simulate is [Start] and [Simulation.Advance] in one: it runs threads in the step form until all
// have ended, or until limit when that is positive, and returns what they did. The error is a
// [*DeadlockError] when threads wait for what cannot come.
func Simulate(cfg Config, limit time.Duration, threads ...StepThread) (Report, error) {
	return Start(cfg, threads...).finish(max(limit, 0))
}

// observedBy returns what tells o of the threads' steps. Task numbers begin with 1: 0 means in
// events that there is none. Its Observe runs within a step of the machine, which stands still
// meanwhile.
func (s *sim) observedBy(name string, o quartet.Observer) func(*vthread, quartet.EventKind, string, *vthread) {
	return func(t *vthread, kind quartet.EventKind, detail string, peer *vthread) {
		e := quartet.Event{
			Kind: kind, Executor: name, Lane: t.number, Task: uint64(t.number) + 1, Label: t.label,
			At: time.Unix(0, int64(s.now)).UTC(), Detail: detail,
		}
		if peer != nil {
			e.Peer = uint64(peer.number) + 1
		}
		o.Observe(e)
	}
}
