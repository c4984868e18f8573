package inspect

import (
	"time"

	"github.com/quartet-go/quartet"
)

// recorder keeps the last events of an executor, under the name that the page has for it. Events of
// the lanes that pictures leave out are kept apart, so that they take no room of the others. A
// Timeline with a Limit keeps the newest events and forgets the oldest, so that a page left open
// for days costs the same. It has no lock: name and the limits are fixed before the first event,
// and a Timeline has a lock of its own.
type recorder struct {
	name        string
	shown, rest quartet.Timeline
}

// newRecorder makes one for a page that somebody looks at; it is dropped when nobody does.
func newRecorder(name string) *recorder {
	r := &recorder{name: name}
	r.shown.Limit, r.rest.Limit = mostEvents, mostEvents
	return r
}

// Observe implements quartet.Observer. It runs on the goroutines of tasks, so it does no more than
// keep the event. Events may come from many goroutines at once, and some come after unwatch has
// dropped the recorder; they go to a record that nobody reads.
func (r *recorder) Observe(e quartet.Event) {
	e.Executor = r.name
	// A queued task's event has no lane yet, and is among the shown ones.
	if e.Lane < mostLanes {
		r.shown.Observe(e)
	} else {
		r.rest.Observe(e)
	}
}

// within returns the window's part of a record. If the record is full and covers less than the
// window, its part begins with the record. The events before the record's beginning are gone; a
// picture that began with the window would show an executor that did nothing. Each call copies the
// record, so a page costs in proportion to it.
func within(record *quartet.Timeline, now time.Time) *quartet.Timeline {
	from := now.Add(-window)
	if all := record.Events(); len(all) == mostEvents && all[0].At.After(from) {
		from = all[0].At
	}
	return record.Window(from, now)
}

// all returns the record of the window. The result has no Limit, so it loses none of the events of
// both parts.
func (r *recorder) all(now time.Time) *quartet.Timeline {
	t := within(&r.shown, now)
	t.Add(within(&r.rest, now))
	return t
}

// timeline returns the record of the window, and the number of lanes that it leaves out. Only lanes
// that had events in the window are counted.
func (r *recorder) timeline(now time.Time) (t *quartet.Timeline, left int) {
	others := make(map[int]bool)
	for _, e := range within(&r.rest, now).Events() {
		others[e.Lane] = true
	}
	return within(&r.shown, now), len(others)
}
