package chart

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// task is one that is followed through its events.
type task struct {
	heavy   bool
	ping    int // its place among the pings
	lane    int // where it runs: its place among the lanes; -1: it does not
	started time.Duration
}

type taskKey struct {
	executor string
	number   uint64
}

// reader follows the tasks of a model.
type reader struct {
	scene
	tasks map[taskKey]*task
	order []*task
}

// read makes a scene of a model's events.
func read(l result.Lanes, heavy, ping string) scene {
	r := reader{tasks: map[taskKey]*task{}}
	for _, e := range l.Events {
		r.event(e, heavy, ping)
	}
	for _, t := range r.order {
		r.rest(t, l.Span)
		if t.ping >= 0 && !r.pings[t.ping].ended {
			r.pings[t.ping].to = l.Span
		}
	}
	r.sortLanes()
	return r.scene
}

// sortLanes puts an executor's lanes side by side, in their order; the executors stay as they came.
func (r *reader) sortLanes() {
	came := map[string]int{}
	for i := len(r.lanes) - 1; i >= 0; i-- {
		came[r.lanes[i].executor] = i
	}
	slices.SortStableFunc(r.lanes, func(a, b lane) int {
		return cmp.Or(cmp.Compare(came[a.executor], came[b.executor]), cmp.Compare(a.number, b.number))
	})
}

func (r *reader) event(e quartet.Event, heavy, ping string) {
	at, key := e.At.Sub(time.Unix(0, 0)), taskKey{e.Executor, e.Task}
	t := r.tasks[key]
	if t == nil {
		t = &task{heavy: e.Label == heavy, ping: -1, lane: -1}
		r.tasks[key], r.order = t, append(r.order, t)
		if e.Kind == quartet.EventQueued && e.Label == ping {
			t.ping = len(r.pings)
			r.pings = append(r.pings, span{from: at})
		}
	}
	switch e.Kind {
	case quartet.EventStarted, quartet.EventResumed:
		t.lane, t.started = r.laneOf(e), at
	case quartet.EventSuspended:
		r.rest(t, at)
	case quartet.EventEnded:
		r.rest(t, at)
		if t.ping >= 0 {
			r.pings[t.ping].to, r.pings[t.ping].ended = at, true
		}
	}
}

// rest ends a stretch in which t ran.
func (r *reader) rest(t *task, at time.Duration) {
	if t.lane >= 0 {
		l, ran := &r.lanes[t.lane], span{from: t.started, to: at}
		if t.heavy {
			l.heavy = append(l.heavy, ran)
		} else {
			l.light = append(l.light, ran)
		}
	}
	t.lane = -1
}

// laneOf is the place of the event's lane, which is made when it is new.
func (r *reader) laneOf(e quartet.Event) int {
	for i, l := range r.lanes {
		if l.executor == e.Executor && l.number == e.Lane {
			return i
		}
	}
	name := fmt.Sprintf("%s %d", laneNames[e.Executor], e.Lane)
	if alone[e.Executor] {
		name = laneNames[e.Executor]
	}
	r.lanes = append(r.lanes, lane{executor: e.Executor, number: e.Lane, name: name})
	return len(r.lanes) - 1
}

// laneNames says what the lanes of an executor are, alone which has one only.
var (
	laneNames = map[string]string{
		"eventloop": "loop", "loop thread": "loop's thread", "workerpool": "worker", "procpool": "process",
		"gil": "thread",
	}
	alone = map[string]bool{"eventloop": true, "loop thread": true}
)
