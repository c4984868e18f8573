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

// thread is a server's thread as the machine's events show it.
type thread struct {
	lane     lane
	works    *request // nil: on none
	runs     bool
	computes bool // it is counted as running
}

// watch has the lane's thread followed.
func (w *world) watch(l lane) { w.threadOf[l.String()] = &thread{lane: l} }

// observed tells of a request that came, or was answered.
func (w *world) observed(r *request, kind quartet.EventKind, at time.Duration) {
	w.tell(r, kind, lane{executor: "requests"}, at)
}

// holding tells that the thread of a lane works on r.
func (w *world) holding(l lane, r *request, now time.Duration) {
	t := w.threadOf[l.String()]
	t.works, t.runs = r, true // it has just taken r
	w.count(t)
	w.tell(r, quartet.EventStarted, l, now)
}

// leaves tells that it does no longer.
func (w *world) leaves(l lane, r *request, now time.Duration) {
	if t := w.threadOf[l.String()]; t.works == r {
		t.works = nil
		w.count(t)
		w.tell(r, quartet.EventSuspended, l, now)
	}
}

// Observe follows the threads: one without the lock suspends the request that it works on.
func (w *world) Observe(e quartet.Event) {
	t := w.threadOf[e.Label]
	if t == nil || e.Kind != quartet.EventSuspended && e.Kind != quartet.EventResumed {
		return
	}
	t.runs = e.Kind == quartet.EventResumed
	w.count(t)
	if t.works != nil {
		w.tell(t.works, e.Kind, t.lane, e.At.Sub(time.Unix(0, 0)))
	}
}

// count keeps the number of threads that compute for a request that asks for computing.
func (w *world) count(t *thread) {
	computes := t.runs && t.works != nil && t.works.Compute+t.works.Native > 0
	if computes == t.computes {
		return
	}
	if t.computes = computes; computes {
		w.running++
		w.figures.Running = max(w.figures.Running, w.running)
	} else {
		w.running--
	}
}

func (w *world) tell(r *request, kind quartet.EventKind, l lane, at time.Duration) {
	if w.observer == nil {
		return
	}
	w.observer.Observe(quartet.Event{
		Kind: kind, Executor: l.executor, Lane: l.number, Task: r.id, Label: r.Label, At: time.Unix(0, int64(at)).UTC(),
	})
}
