package gil

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
)

// Simulation is a simulated machine whose time its owner advances. Between two calls it stands
// still: it has no goroutine, and nothing to close. One goroutine at a time may use it. [Start] and
// [Workload.Start] make one.
type Simulation struct {
	cfg   Config // a copy, with its defaults
	s     *sim
	loads []*loadRun // of a Workload
}

// Start returns a simulation of threads in the step form, at time 0. It uses neither Config's
// Clock nor the fields about tasks. It panics when a thread has no Step.
func Start(cfg Config, threads ...StepThread) *Simulation {
	m := newSimulation(cfg)
	for i, th := range threads {
		if th.Step == nil {
			panic(fmt.Sprintf("gil: thread %d has no Step", i))
		}
		m.spawn(th.Label, th.Step, th.Interpreter, th.Start)
	}
	return m
}

// newSimulation makes an empty machine. Observers are told by the machine itself, since there is no
// intake that would know of starts and ends.
func newSimulation(cfg Config) *Simulation {
	intake.Must(cfg.check())
	cfg.setDefaults()
	m := &Simulation{cfg: cfg, s: newSim(&cfg)}
	if o := cfg.Observer; o != nil {
		m.s.watch = m.s.observedBy(cfg.Name, o)
		m.s.ended = func(t *vthread) { m.s.watch(t, quartet.EventEnded, "", nil) }
	}
	return m
}

func (m *Simulation) spawn(label string, c code, interpreter int, start time.Duration) *vthread {
	t := m.s.spawn(c, interpreter, start)
	t.label = label
	if m.s.watch != nil {
		m.s.watch(t, quartet.EventStarted, "", nil)
	}
	return t
}

// Now returns the simulation's time.
func (m *Simulation) Now() time.Duration { return m.s.now }

// Done says whether all threads have ended.
func (m *Simulation) Done() bool { return m.s.threads == 0 }

// Advance runs the simulation for d, or until all threads have ended; d = 0: without a limit. Its
// error is ctx's cause, and then it may be called again, or a [*DeadlockError] when threads wait
// for what cannot come. It panics when d is negative. It runs at some million steps per second, and
// allocates nothing per step.
func (m *Simulation) Advance(ctx context.Context, d time.Duration) error {
	if d < 0 {
		panic(fmt.Sprintf("gil: Advance(%v): time does not go back", d))
	}
	limit := m.s.now + min(d, math.MaxInt64-m.s.now) // no sum below now
	// ctx is looked at now and then only: a look costs as much as a step.
	for n := 0; len(m.s.agenda.heap) > 0; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		// The time moves to the limit though nothing happens there, so that the next call goes on
		// from it.
		if d > 0 && m.s.agenda.heap[0].at > limit {
			m.s.now = limit
			return nil
		}
		m.s.step()
	}
	if m.s.threads > 0 {
		return m.s.stuck()
	}
	return nil
}

// Report returns what the threads have done until now. It may be called at any moment between two
// Advances.
func (m *Simulation) Report() Report {
	r := m.s.report(&m.cfg)
	for _, l := range m.loads {
		r.Loads = append(r.Loads, l.figures(m.s))
	}
	return r
}

// finish runs m until all threads have ended, or until limit when that is positive. Remarks about
// convoys come last, since an observer can place them only when it knows the whole run.
func (m *Simulation) finish(limit time.Duration) (Report, error) {
	err := m.Advance(context.Background(), limit)
	r := m.Report()
	r.remark(m.cfg.Name, m.cfg.Observer)
	return r, err
}
