package quartet

import (
	"slices"
	"time"
)

// Point is a number that holds from a moment on.
type Point struct {
	At time.Time
	N  int
}

// Series is how a number of tasks changes: by time, each Point with another number than the one
// before.
type Series []Point

// Series returns how many tasks of the named executor were in one of the states: EventQueued,
// EventStarted (running, also after a wait) or EventSuspended. So the queue's length is
//
//	timeline.Series("pool", quartet.EventQueued)
//
// The series begins with the record, or the window, and its last Point is where the number changed
// last. It costs time in proportion to the record.
//
// Events of one moment are one change: a task that leaves a state and comes back at once does not
// show.
func (t *Timeline) Series(executor string, states ...EventKind) Series {
	// record sorts, so the changes come in order of time.
	before, events := t.record()
	if len(events) == 0 && t.window.from.IsZero() {
		return nil
	}
	c := counting{executor: executor, states: states, in: make(map[uint64]bool)}
	begin := t.window.from
	if begin.IsZero() {
		begin = events[0].At
	}
	for _, e := range before {
		if e.At.After(begin) { // of a record that was added, and begins later
			events = append(events, e)
		} else {
			c.see(e)
		}
	}
	inOrder(events)
	// Never empty from here on: add looks at the last point.
	c.series = Series{{At: begin, N: len(c.in)}}
	for _, e := range events {
		c.see(e)
		c.add(e.At)
	}
	return c.series
}

// counting follows the tasks of an executor. A set of tasks and not a number: an event may be
// missing from the record, and a number would be wrong for ever after.
type counting struct {
	executor string
	states   []EventKind
	in       map[uint64]bool // the tasks in one of the states
	series   Series
}

func (c *counting) see(e Event) {
	if e.Executor != c.executor || e.Kind == EventNoted {
		return
	}
	if slices.Contains(c.states, state(e.Kind)) {
		c.in[e.Task] = true
	} else {
		delete(c.in, e.Task)
	}
}

// state is what a task is in after an event.
func state(k EventKind) EventKind {
	if k == EventResumed {
		return EventStarted
	}
	return k
}

// add has the number hold from at on. Of several changes of one moment the last one counts. A point
// that changes nothing is taken away again, so that no two neighbours have the same number.
// Invariant: times rise from point to point, and neighbours differ in N.
func (c *counting) add(at time.Time) {
	last := len(c.series) - 1
	switch {
	case c.series[last].N == len(c.in):
		return
	case !c.series[last].At.Equal(at):
		c.series = append(c.series, Point{at, len(c.in)})
		return
	}
	c.series[last].N = len(c.in)
	if last > 0 && c.series[last-1].N == len(c.in) {
		c.series = c.series[:last]
	}
}

// At returns the number at a moment; before the first Point it is 0. A binary search, as the points
// are in order.
func (s Series) At(at time.Time) int {
	i, found := slices.BinarySearchFunc(s, at, func(p Point, at time.Time) int { return p.At.Compare(at) })
	if !found {
		i--
	}
	if i < 0 {
		return 0
	}
	return s[i].N
}

// Max returns the greatest number.
func (s Series) Max() (most int) {
	for _, p := range s {
		most = max(most, p.N)
	}
	return most
}

// Mean returns the average over the time between from and to, in which the number counts as long as
// it held. It is 0 where to is not after from. Before the first Point the number counts as 0, as At
// has it.
func (s Series) Mean(from, to time.Time) float64 {
	if !to.After(from) {
		return 0
	}
	var area float64
	for i, p := range s {
		begin, end := p.At, to
		if i+1 < len(s) && s[i+1].At.Before(to) {
			end = s[i+1].At
		}
		if begin.Before(from) {
			begin = from
		}
		if end.After(begin) {
			area += float64(p.N) * end.Sub(begin).Seconds()
		}
	}
	return area / to.Sub(from).Seconds()
}
