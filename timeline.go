package quartet

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/quartet-go/quartet/internal/draw"
)

// Timeline is an Observer that records, and draws its record. Its zero value is ready. Its methods
// may be called from any goroutine. It may observe several executors, which it tells apart by the
// Name of their Config.
//
// It must not be copied; Window makes a copy of its record.
type Timeline struct {
	// Limit is the greatest number of events kept; 0 keeps all. A full Timeline forgets its oldest
	// event for each new one, but not the state of a task that has not ended, so that pictures of a
	// long run are right from their begin on. Set it before the first event.
	Limit int

	// mu guards the fields below. Pictures are drawn from a copy, after it was released.
	mu sync.Mutex
	// In the order of arrival, which is not that of time: see record. Invariant: events holds at
	// most Limit, where that is set, and oldest is 0 until it is full.
	events  []Event
	oldest  int               // in events, which is a ring once it holds Limit
	before  map[taskKey]Event // the last event of each unfinished task that was forgotten
	evicted []Event           // forgotten too, and not in before yet: they may be out of order
	// Without a bound: they are few, one for a convoy, say.
	remarks []Remark
	window  window
}

// window is the stretch of time that a Timeline shows; the zero window is all of its record.
type window struct{ from, to time.Time }

// taskKey is a task of an executor.
type taskKey struct {
	executor string
	task     uint64
}

func (e *Event) key() taskKey { return taskKey{e.Executor, e.Task} }

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

// Remarks returns the remarks in the order in which they were added.
func (t *Timeline) Remarks() []Remark {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.remarks)
}

// Observe records e. It runs on the goroutine of the task, so it only appends; sorting is left to
// whoever draws.
func (t *Timeline) Observe(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.observeLocked(e)
}

func (t *Timeline) observeLocked(e Event) {
	if t.Limit <= 0 || len(t.events) < t.Limit {
		t.events = append(t.events, e)
		return
	}
	t.forgetLocked(t.events[t.oldest])
	t.events[t.oldest] = e
	t.oldest = (t.oldest + 1) % len(t.events)
}

// mostEvicted is how many events wait for those that belong before them, but arrive later.
const mostEvicted = 1024

// forgetLocked keeps of e the state of its task, if that goes on. Events of one task may arrive out
// of order, as several goroutines tell of it. So forgotten events wait, and only the older half of
// those that wait becomes states. Sorting happens once in 512 forgotten events, which keeps Observe
// cheap on average. An event that arrives behind 512 forgotten ones which happened after it finds
// its place taken, and may leave a wrong state.
func (t *Timeline) forgetLocked(e Event) {
	t.evicted = append(t.evicted, e)
	if len(t.evicted) < mostEvicted {
		return
	}
	if t.before == nil {
		t.before = make(map[taskKey]Event)
	}
	inOrder(t.evicted)
	older := t.evicted[:mostEvicted/2]
	for _, e := range older {
		before(t.before, e)
	}
	t.evicted = append(t.evicted[:0], t.evicted[len(older):]...)
}

// before makes e the last known event of its task. Called in the order of time.
func before(states map[taskKey]Event, e Event) {
	switch e.Kind {
	case EventNoted:
	case EventEnded:
		delete(states, e.key())
	default:
		states[e.key()] = e
	}
}

// Events returns the recorded events by time; events of one moment by task, then in the order in
// which they happen to a task.
func (t *Timeline) Events() []Event {
	_, events := t.record()
	return events
}

// record returns the states of the tasks at the begin of the record, and its events in order. It
// copies under the lock and sorts after it, so that a picture of a long record holds up no task.
func (t *Timeline) record() (states map[taskKey]Event, events []Event) {
	t.mu.Lock()
	// In the order of arrival, which a stable sort keeps for events of one moment.
	events = slices.Concat(t.events[t.oldest:], t.events[:t.oldest])
	states = maps.Clone(t.before)
	evicted := slices.Clone(t.evicted)
	t.mu.Unlock()
	if states == nil {
		states = make(map[taskKey]Event)
	}
	inOrder(evicted)
	for _, e := range evicted {
		before(states, e)
	}
	inOrder(events)
	return states, events
}

// inOrder sorts events by time; events of one moment by task, then in the order in which they
// happen to a task. The sort is stable: suspensions and resumptions of one moment stay as they
// arrived.
func inOrder(events []Event) {
	slices.SortStableFunc(events, func(a, b Event) int {
		if c := a.At.Compare(b.At); c != 0 { // nearly always
			return c
		}
		return cmp.Or(cmp.Compare(a.Executor, b.Executor), cmp.Compare(a.Task, b.Task),
			cmp.Compare(rank(a.Kind), rank(b.Kind)))
	})
}

// Window returns a copy of t that shows the time between from and to, with the state in which each
// task was at from. It costs time in proportion to the record of t. The copy has no Limit and is
// not fed: it is for drawing and for Series. An event at from is inside, and so is one at to.
func (t *Timeline) Window(from, to time.Time) *Timeline {
	states, events := t.record()
	w := &Timeline{
		before: states, window: window{from, to},
		remarks: slices.DeleteFunc(t.Remarks(), func(r Remark) bool {
			return r.To.Before(from) || r.From.After(to)
		}),
	}
	for _, e := range events {
		switch {
		case e.At.Before(from):
			before(states, e)
		// Events after to are left out; a task that goes on is drawn to the edge.
		case !e.At.After(to):
			w.events = append(w.events, e)
		}
	}
	return w
}

// Add adds the record of o, with the states in which its tasks were at its begin, and its remarks:
// several records become one picture. An executor of both is drawn as one. Limit bounds the events.
// The lock of t and that of o are never held together, so two Timelines may add each other.
func (t *Timeline) Add(o *Timeline) {
	states, events := o.record()
	begin := o.window.from
	if begin.IsZero() && len(events) > 0 {
		begin = events[0].At
	}
	remarks := o.Remarks()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remarks = append(t.remarks, remarks...)
	if t.before == nil {
		t.before = make(map[taskKey]Event)
	}
	// The states before the events: a full t forgets some of these at once, and one that ends its
	// task has to find the state there, or the task would look unfinished for ever.
	for key, e := range states {
		e.At = begin
		t.before[key] = e
	}
	for _, e := range events {
		t.observeLocked(e)
	}
}

// rank orders the kinds of one task at one moment: a suspension and a resumption keep their
// recorded order.
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

var errNothingRecorded = errors.New("quartet: the timeline has recorded nothing")

// WriteText draws a Gantt chart of width columns (0: 80), a line for each lane: #
// where a task runs, ~ where tasks wait, + where a lane does both in one column and waits for more
// of it. Under a global lock, . is a wait for the lock, c a call that keeps it, = computing without
// it, > a thread that was given the lock which another had to drop, and ! a thread that was woken
// for the lock and found it taken. A line q counts the queued tasks of an executor, where there are
// any: a digit, or * from 10 on. The label of a lane follows it if it has only one. Remarks come
// last.
func (t *Timeline) WriteText(w io.Writer, width int) error {
	return t.draw(func(s *draw.Scene) error { return draw.Text(w, s, cmp.Or(width, 80)) })
}

// WriteSVG draws the chart of [Timeline.WriteText] as a picture of width units: 0 is 960, and the
// least is 320. The picture needs nothing else, alone or inside a page beside others. It is light
// or dark as the reader's system is; a page with a switch of its own sets data-theme="light" or
// "dark" on its root element. The kind and the length of a stretch show where the pointer rests.
// Stretches of one kind that would fall into the same tenth of a unit are drawn as one, so that the
// size of the picture has a bound.
func (t *Timeline) WriteSVG(w io.Writer, width int) error {
	return t.draw(func(s *draw.Scene) error { return draw.SVG(w, s, width) })
}

// WriteChrome writes the Chrome trace-event format, as JSON, which Perfetto and chrome://tracing
// open: a process for each executor, a thread for each lane, a slice for each stretch in which a
// task runs, and an asynchronous one for each stretch in which it is queued or waits. Where tasks
// share a lock it also shows the lock's holder, counters of the threads that hold and want it, and
// an arrow for each thread that had to drop it. Times are in microseconds, exact to the nanosecond.
func (t *Timeline) WriteChrome(w io.Writer) error {
	return t.draw(func(s *draw.Scene) error { return draw.Chrome(w, s) })
}

// It holds no lock while with writes: w may be a slow connection.
func (t *Timeline) draw(with func(*draw.Scene) error) error {
	states, events := t.record()
	s := newScene(states, events, t.window, t.Remarks())
	if len(s.Spans) == 0 {
		return errNothingRecorded
	}
	return with(s)
}

// recording turns events into a scene. A task has one span at a time: each of its events ends one
// and begins the next.
//
// Invariant: open has each unfinished task once, and the index of its last span.
type recording struct {
	scene draw.Scene
	begin time.Time
	open  map[taskKey]int // the unfinished span of a task, in scene.Spans
}

// Tasks that were under way at the begin get a span from there on, in the order of their numbers,
// so that two drawings of one record are the same.
//
// A span begins with its event's look and lane, and gets its end from the task's next event.
func newScene(states map[taskKey]Event, events []Event, w window, remarks []Remark) *draw.Scene {
	r := recording{begin: w.from, open: make(map[taskKey]int)}
	end := w.to
	if len(events) > 0 {
		if r.begin.IsZero() {
			r.begin = events[0].At
		}
		if end.IsZero() {
			end = events[len(events)-1].At
		}
	}
	for _, e := range slices.SortedFunc(maps.Values(states), byTask) {
		if e.At.Before(r.begin) {
			e.At = r.begin
		}
		r.step(e)
	}
	for _, e := range events {
		r.step(e)
	}
	r.scene.Length = end.Sub(r.begin)
	// Before the sort: open has places in Spans. The order of the map does not matter.
	for _, i := range r.open {
		r.scene.Spans[i].To = r.scene.Length
	}
	// The states of a record that was added may be later than the first events. Stable, so that
	// spans of one moment stay in the order of their events.
	slices.SortStableFunc(r.scene.Spans, func(a, b draw.Span) int { return cmp.Compare(a.From, b.From) })
	for _, m := range remarks {
		r.scene.Remarks = append(r.scene.Remarks, draw.Remark{
			Lane: draw.Lane{Group: m.Executor, Number: m.Lane}, From: r.since(m.From), To: r.since(m.To), Text: m.Text,
		})
	}
	return &r.scene
}

func byTask(a, b Event) int {
	return cmp.Or(cmp.Compare(a.Executor, b.Executor), cmp.Compare(a.Task, b.Task))
}

func (r *recording) since(at time.Time) time.Duration { return at.Sub(r.begin) }

// step ends the task's span and begins the next one, or adds a mark.
func (r *recording) step(e Event) {
	l, at := draw.Lane{Group: e.Executor, Number: e.Lane}, r.since(e.At)
	if e.Kind == EventNoted {
		r.scene.Marks = append(r.scene.Marks,
			draw.Mark{Kind: markKinds[e.Detail], Name: e.Detail, Lane: l, Peer: e.Peer, At: at})
		return
	}
	if i, ok := r.open[e.key()]; ok {
		r.scene.Spans[i].To = at
		delete(r.open, e.key())
	}
	if e.Kind != EventEnded {
		r.open[e.key()] = len(r.scene.Spans)
		r.scene.Spans = append(r.scene.Spans, draw.Span{Lane: l, Task: e.Task, Label: e.Label, Look: look(e), From: at})
	}
}

// Details that are not here have no sign of their own: their MarkKind is Other, the zero one.
var markKinds = map[string]draw.MarkKind{DetailLost: draw.Lost, DetailForced: draw.Forced}

// look returns how the span after e looks. A detail that is not known is drawn as the kind without
// it.
func look(e Event) draw.Look {
	switch {
	case e.Kind == EventQueued:
		return draw.Queued
	case e.Kind == EventSuspended && e.Detail == DetailLock:
		return draw.Locked
	case e.Kind == EventSuspended:
		return draw.Waiting
	case e.Detail == DetailHolds:
		return draw.Holds
	case e.Detail == DetailNative:
		return draw.Native
	}
	return draw.Run
}
