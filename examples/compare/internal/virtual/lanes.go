package virtual

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
)

// lane is where an executor runs tasks.
type lane struct {
	executor string
	number   int
}

func (l lane) String() string { return fmt.Sprintf("%s %d", l.executor, l.number) }

// What the measurements tell apart: requests, from their arrival until their answer, and jobs, from
// the begin of a request's work until its end. A job that a helper has ended may wait for its loop.
const (
	requests = "requests"
	jobs     = "jobs"
)

// observed tells of a request that came, or was answered.
func (w *world) observed(r *request, kind quartet.EventKind, at time.Duration) {
	w.tell(r, kind, lane{executor: requests}, at)
}

// begins tells that s works on r from now.
func (w *world) begins(s *server, r *request, now time.Duration) {
	s.works = r
	w.tell(r, quartet.EventStarted, s.lane, now)
}

// leaves tells that it does no longer.
func (w *world) leaves(s *server, r *request, now time.Duration) {
	if s.works == r {
		s.works = nil
		w.tell(r, quartet.EventSuspended, s.lane, now)
	}
}

// Observe follows the threads: one without the lock suspends the request that it works on.
func (w *world) Observe(e quartet.Event) {
	s := w.servers[e.Lane]
	if s == nil || s.works == nil || e.Kind != quartet.EventSuspended && e.Kind != quartet.EventResumed {
		return
	}
	w.tell(s.works, e.Kind, s.lane, e.At.Sub(time.Unix(0, 0)))
}

// ends tells that nobody works on r any more, and nobody waits for it in their place.
func (w *world) ends(s *server, r *request, now time.Duration) {
	w.leaves(s, r, now)
	w.seen.Observe(quartet.Event{Kind: quartet.EventEnded, Executor: jobs, Task: r.id, At: moment(now)})
}

// tell shows an event to the observer, in its lane, and to the measurements. To them a job that
// asks for no computing does not run: it has begun, and waits.
func (w *world) tell(r *request, kind quartet.EventKind, l lane, at time.Duration) {
	e := quartet.Event{
		Kind: kind, Executor: l.executor, Lane: l.number, Task: r.id, Label: r.Label, At: moment(at),
	}
	if w.observer != nil {
		w.observer.Observe(e)
	}
	if l.executor != requests {
		e.Executor = jobs
		if r.Compute+r.Native == 0 {
			e.Kind = quartet.EventSuspended
		}
	}
	w.seen.Observe(e)
}

// moment is a time of the simulation as events have it.
func moment(at time.Duration) time.Time { return time.Unix(0, int64(at)).UTC() }
