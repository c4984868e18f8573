package quartet

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Timeline is an Observer that records, and draws what it has recorded. Its zero value is ready; its methods may be called
// from any goroutine. It may observe several executors.
type Timeline struct {
	// Width of the picture that WriteSVG draws, in its units; default 960, at least 320. It is set before WriteSVG is
	// called.
	Width int

	mu      sync.Mutex
	events  []Event
	remarks []Remark
}

// Remark is a sentence about a stretch of a lane.
type Remark struct {
	Executor string
	Lane     int
	From, To time.Time
	Text     string
}

// Remark adds a remark, for pictures to show.
func (t *Timeline) Remark(r Remark) {
	t.mu.Lock()
	t.remarks = append(t.remarks, r)
	t.mu.Unlock()
}

// Remarks returns what was remarked, as it was added.
func (t *Timeline) Remarks() []Remark {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.remarks)
}

// Observe records e.
func (t *Timeline) Observe(e Event) {
	t.mu.Lock()
	t.events = append(t.events, e)
	t.mu.Unlock()
}

// Events returns what has been recorded, by time; events of one moment by task, then as they happen to a task.
func (t *Timeline) Events() []Event {
	t.mu.Lock()
	events := slices.Clone(t.events)
	t.mu.Unlock()
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Executor, b.Executor), cmp.Compare(a.Task, b.Task), cmp.Compare(rank(a.Kind), rank(b.Kind)))
	})
	return events
}

// rank orders the kinds of one task at one moment: a suspension and a resumption keep their recorded order.
func rank(k EventKind) int {
	switch k {
	case EventQueued:
		return 0
	case EventStarted:
		return 1
	case EventEnded:
		return 3
	}
	return 2
}

// span is a stretch of a task's time.
type span struct {
	kind     EventKind // EventQueued, EventStarted (it runs) or EventSuspended: what began it
	lane     lane
	task     uint64
	label    string
	detail   string
	from, to time.Time
}

// A stretch as pictures tell it apart.
const (
	looksIdle    = iota // queued
	looksRun            // it runs
	looksHolds          // it runs in a call that keeps a lock
	looksNative         // it runs without the lock that its executor has
	looksWaiting        // it waits
	looksLocked         // it waits for the lock
)

func (s span) looks() int {
	switch {
	case s.kind == EventQueued:
		return looksIdle
	case s.kind == EventSuspended && s.detail == "lock":
		return looksLocked
	case s.kind == EventSuspended:
		return looksWaiting
	case s.detail == "holds":
		return looksHolds
	case s.detail == "native":
		return looksNative
	}
	return looksRun
}

type lane struct {
	executor string
	number   int
}

// spans makes stretches of events. What has not ended goes on to the last event.
func spans(events []Event) []span {
	var out []span
	open := make(map[taskKey]int) // in out
	for _, e := range events {
		if e.Kind == EventNoted {
			continue
		}
		k := taskKey{e.Executor, e.Task}
		if i, ok := open[k]; ok {
			out[i].to = e.At
			delete(open, k)
		}
		if e.Kind == EventEnded {
			continue
		}
		kind := e.Kind
		if kind == EventResumed {
			kind = EventStarted
		}
		open[k] = len(out)
		out = append(out, span{kind: kind, lane: lane{e.Executor, e.Lane}, task: e.Task, label: e.Label, detail: e.Detail, from: e.At})
	}
	for _, i := range open {
		out[i].to = events[len(events)-1].At
	}
	return out
}
