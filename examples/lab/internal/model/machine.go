package model

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// The queues of the simulated machine.
const (
	requestsQueue = iota
	slotsQueue
)

// machine runs requests on the threads of a simulated machine.
type machine struct {
	*recorder
	backlog []*request // those in requestsQueue
	slots   bool       // a thread needs one of the pool's slots, but not while it awaits
	servers []*server
}

// pool has slots for so many requests. Who awaits gives its slot to the next one, as the library's
// worker pool does; who sleeps or blocks keeps it.
func pool(s Settings) *recorder {
	threads := s.Threads
	slots := s.awaits()
	if slots {
		threads = max(threads, 256) // enough for those that await
	}
	return newMachine(s, slots).run(gil.Free(), threads, false)
}

// processes are one for each core. Each works on one request at a time, and shares nothing.
func processes(s Settings) *recorder {
	return newMachine(s, false).run(gil.PerInterpreter(s.Cores, gil.Interval(s.Interval)), s.Cores, true)
}

// lock has threads share one lock, as CPython's do.
func lock(s Settings) *recorder {
	return newMachine(s, false).run(gil.Interval(s.Interval), s.Threads, false)
}

func (s Settings) awaits() bool {
	for _, step := range s.Script {
		if step.Do == Await {
			return true
		}
	}
	return false
}

func newMachine(s Settings, slots bool) *machine {
	return &machine{recorder: newRecorder(s), slots: slots}
}

// run simulates so many threads that serve requests.
func (m *machine) run(p gil.Policy, threads int, private bool) *recorder {
	m.private = private
	feed := m.feed()
	all := []gil.StepThread{{Interpreter: -1, Step: feed}}
	for i := range threads {
		s := &server{machine: m, lane: i}
		m.servers = append(m.servers, s)
		all = append(all, gil.StepThread{Interpreter: i, Step: s.next})
	}
	cfg := gil.Config{Policy: p, Cores: m.settings.Cores, Seed: m.settings.Seed, Observer: m}
	// A deadlock is not possible before the end: arrivals always come.
	simulation := gil.Start(cfg, all...)
	_ = simulation.Advance(context.Background(), Lasts)
	m.computed = simulation.Report().Total.Computed
	m.finish()
	return m.recorder
}

// put brings a request to the servers.
func (m *machine) put(q *request) gil.Op {
	m.backlog = append(m.backlog, q)
	return gil.Op{Do: gil.DoPut, Queue: requestsQueue}
}

// feed is the client: it fills the slots, starts the job, and sends each request at its time.
func (m *machine) feed() gil.Step {
	slots := 0
	if m.slots {
		slots = m.settings.Threads
	}
	job := m.settings.Job > 0
	due := m.settings.arrivals()
	return func(now time.Duration) gil.Op {
		switch {
		case slots > 0:
			slots--
			return gil.Op{Do: gil.DoPut, Queue: slotsQueue}
		case job:
			job = false
			return m.put(m.arrives(now, true))
		case len(due) == 0:
			return gil.Op{Do: gil.DoSleep, For: Lasts}
		case due[0] > now:
			return gil.Op{Do: gil.DoSleep, For: due[0] - now}
		}
		at := due[0]
		due = due[1:]
		return m.put(m.arrives(at, false))
	}
}

// Observe follows the servers' threads, which are all but the first.
func (m *machine) Observe(e quartet.Event) {
	if e.Lane == 0 {
		return
	}
	s := m.servers[e.Lane-1]
	if s.works == nil || !s.works.begun {
		return
	}
	now := e.At.Sub(time.Unix(0, 0))
	switch {
	case e.Kind == quartet.EventSuspended && (e.Detail == quartet.DetailLock || s.state == wantsSlot):
		s.works.enter(Wants, now)
	case e.Kind == quartet.EventSuspended:
		s.works.enter(Waits, now)
	case e.Kind == quartet.EventResumed && e.Detail == quartet.DetailHolds:
		s.works.enter(Holds, now)
	case e.Kind == quartet.EventResumed && e.Detail == quartet.DetailNative:
		s.works.enter(Native, now)
	case e.Kind == quartet.EventResumed:
		s.works.enter(Runs, now)
	}
}
