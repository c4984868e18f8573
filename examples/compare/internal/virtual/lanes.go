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

// watch has the lane's thread followed, when somebody looks on.
func (w *world) watch(l lane) {
	if w.observer == nil {
		return
	}
	if w.lanes == nil {
		w.lanes, w.holds = map[string]lane{}, map[string]*request{}
	}
	w.lanes[l.String()] = l
}

// observed tells of a request that came, or was answered.
func (w *world) observed(r *request, kind quartet.EventKind, at time.Duration) {
	if w.observer != nil {
		w.tell(r, kind, lane{executor: "requests"}, at)
	}
}

// holding tells that the thread of a lane works on r.
func (w *world) holding(l lane, r *request, now time.Duration) {
	if w.observer != nil {
		w.holds[l.String()] = r
		w.tell(r, quartet.EventStarted, l, now)
	}
}

// leaves tells that it does no longer.
func (w *world) leaves(l lane, r *request, now time.Duration) {
	if w.observer != nil && w.holds[l.String()] == r {
		delete(w.holds, l.String())
		w.tell(r, quartet.EventSuspended, l, now)
	}
}

// Observe follows the threads: one without the lock suspends the request that it works on.
func (w *world) Observe(e quartet.Event) {
	if e.Kind != quartet.EventSuspended && e.Kind != quartet.EventResumed {
		return
	}
	if r := w.holds[e.Label]; r != nil {
		w.tell(r, e.Kind, w.lanes[e.Label], e.At.Sub(time.Unix(0, 0)))
	}
}

func (w *world) tell(r *request, kind quartet.EventKind, l lane, at time.Duration) {
	w.observer.Observe(quartet.Event{
		Kind: kind, Executor: l.executor, Lane: l.number, Task: r.id, Label: r.Label, At: time.Unix(0, int64(at)).UTC(),
	})
}
