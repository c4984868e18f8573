package draw

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// Chrome writes the Chrome trace-event format, as JSON, which Perfetto and chrome://tracing open: a
// process for each group, a thread for each lane, a slice for each stretch in which a task runs,
// and an asynchronous one for each stretch in which it is queued or waits.
//
// Where tasks share a lock, their waits are slices too, a lane of its own shows the lock's holder,
// counters say how many hold it and want it, a lost race and a request to drop it are instants, and
// an arrow leads from the thread that had to drop it to the thread that got it. Times are in
// microseconds, exact to the nanosecond.
//
// Events need not be in the order of their times: the format lets a viewer sort them. Names pass
// through Clean, and the rest is escaped by encoding/json.
func Chrome(w io.Writer, s *Scene) error {
	p := newPlan(s)
	c := &trace{plan: p, w: bufio.NewWriter(w), order: p.groups(), locked: p.locked()}
	c.heads()
	for i, s := range c.Spans {
		c.stretch(i, s)
	}
	for _, group := range c.order {
		if c.locked[group] {
			c.holders(group)
			c.counters(group)
		}
	}
	for i, m := range c.Marks {
		c.mark(i, m)
	}
	c.put(`],"displayTimeUnit":"ns"}` + "\n")
	return c.w.Flush() // the first error of all
}

// traceEvent is an event of the Chrome trace-event format. Names of fields are the format's own; a
// zero is left out, but for ts, pid and tid, which each event needs.
//
// Phases that are used here: X a slice with a length, b and e the two ends of an asynchronous one,
// i an instant, s and f the ends of an arrow, C a counter, M a name. The two ends of one thing are
// joined by ID together with Cat.
//
// The format is described in "Trace Event Format" of the Chromium project. A viewer takes PID and
// TID for a process and a thread, whatever they stand for.
type traceEvent struct {
	Name  string         `json:"name"`
	Cat   string         `json:"cat,omitempty"`
	Phase string         `json:"ph"`
	TS    micros         `json:"ts"`
	Dur   micros         `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	ID    string         `json:"id,omitempty"`
	Scope string         `json:"s,omitempty"`  // of an instant
	Bind  string         `json:"bp,omitempty"` // of an arrow's end
	Args  map[string]any `json:"args,omitempty"`
}

// micros is written in microseconds.
type micros time.Duration

// MarshalJSON writes three decimals by hand: a float64 would lose nanoseconds after some months. d
// is not negative: a scene begins at 0.
func (d micros) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%03d", d/1000, d%1000), nil
}

// trace is one that is being written, event by event, since it may be large. It is used by one
// goroutine, for one call of Chrome.
//
// events counts for the commas alone.
type trace struct {
	*plan
	w      *bufio.Writer
	events int
	order  []string        // of the groups
	locked map[string]bool // groups whose tasks share a lock
}

// firstHolder is the number of the lane of a lock's holders: above those of all others. Numbers of
// lanes are small, so the two never meet. Its sort index is negative: the lane is drawn above the
// threads.
const firstHolder = 1 << 20

// put writes text. bufio keeps the first error for Flush.
func (c *trace) put(text string) { _, _ = c.w.WriteString(text) }

// event writes one event. They are separated by commas, and the format allows no trailing one. A
// zero Dur is left out by omitempty, and a viewer takes it as 0.
func (c *trace) event(e traceEvent) {
	if c.events++; c.events > 1 {
		c.put(",\n")
	}
	text, _ := json.Marshal(e) // strings and numbers: it cannot fail
	_, _ = c.w.Write(text)
}

// pid numbers the groups, from 1.
func (c *trace) pid(group string) int { return slices.Index(c.order, group) + 1 }

// heads names processes and threads. Numbers of processes and threads are made up here: the format
// wants numbers, and groups have names. Their events come first, though the format does not ask for
// it: so a person who reads the file finds them.
func (c *trace) heads() {
	c.put(`{"traceEvents":[`)
	for _, group := range c.order {
		c.event(traceEvent{
			Name: "process_name", Phase: "M", PID: c.pid(group),
			Args: map[string]any{"name": Clean(group)},
		})
	}
	for _, l := range c.lanes {
		name := l.name()
		if label := c.labels[l]; label != "" {
			name += " " + label
		}
		c.thread(l.Group, l.Number, name, l.Number+1)
	}
}

// thread names a lane, and puts it in its order. order may be negative: the lanes of a lock's
// holders come first.
func (c *trace) thread(group string, number int, name string, order int) {
	c.event(traceEvent{
		Name: "thread_name", Phase: "M", PID: c.pid(group), TID: number,
		Args: map[string]any{"name": name},
	})
	c.event(traceEvent{
		Name: "thread_sort_index", Phase: "M", PID: c.pid(group), TID: number,
		Args: map[string]any{"sort_index": order},
	})
}

// stretch writes a slice. Waits of tasks that share a lane overlap, and so are asynchronous.
// Threads that share a lock have a lane each. A viewer draws slices of one thread as a stack, which
// is wrong for tasks that only share a lane. A span of another look than Run has its look as its
// name, since its task's name is on the slices beside it. The two events of an asynchronous slice
// have the span's place in the scene as their id, which no other has.
//
// Queued spans are always asynchronous, as they have no lane.
func (c *trace) stretch(i int, s Span) {
	e := traceEvent{Name: s.name(), TS: micros(s.From), PID: c.pid(s.Lane.Group), TID: s.Lane.Number}
	switch {
	case s.Look == Run:
		e.Phase, e.Dur = "X", micros(s.To-s.From)
	case s.Look != Queued && (s.Look != Waiting || c.locked[s.Lane.Group]):
		e.Name, e.Cat, e.Phase, e.Dur = svgShort[s.Look], lookNames[s.Look], "X", micros(s.To-s.From)
	default:
		e.Cat, e.ID, e.Phase = lookNames[s.Look], strconv.Itoa(i), "b"
		c.event(e)
		e.Phase, e.TS = "e", micros(s.To)
	}
	c.event(e)
}

// lookNames are the categories of a trace. A viewer can search for them and colour by them.
var lookNames = [...]string{
	Queued: "queued", Run: "runs", Holds: "holds", Native: "native", Waiting: "suspended",
	Locked: "lock",
}

// holders writes who has the lock: in one lane, or in as many as locks are held at once. A holder
// gets the first lane that is free at its beginning. The spans of a scene are in the order of their
// beginnings, so a lane that is free when a span begins is free for all of it.
func (c *trace) holders(group string) {
	var until []time.Duration // of each lane
	for _, s := range c.Spans {
		if !c.holds(s, group) {
			continue
		}
		i := slices.IndexFunc(until, func(end time.Duration) bool { return end <= s.From })
		if i < 0 {
			i, until = len(until), append(until, 0)
			name := "holder"
			if i > 0 {
				name = fmt.Sprintf("holder of lock %d", i+1)
			}
			c.thread(group, firstHolder+i, name, i-firstHolder)
		}
		// One lane for each lock that is held at once: with one lock there is never a second.
		until[i] = s.To
		c.event(traceEvent{
			Name: s.name(), Cat: "holder", Phase: "X", TS: micros(s.From), Dur: micros(s.To - s.From),
			PID: c.pid(group), TID: firstHolder + i,
		})
	}
}

// holds reports whether in s a task of the group has its lock. A span without length holds nothing
// that a picture could show.
func (c *trace) holds(s Span, group string) bool {
	return s.Lane.Group == group && s.Look.holdsLock() && s.To > s.From
}

// counters writes how many tasks hold a lock and how many want it, at each change. Changes of one
// moment are written once, as their sum. A span without length changes nothing, and is left out by
// holds; one that waits for the lock is counted in any case, and its two changes cancel each other.
// It sorts copies of the ends, so the order of the spans does not matter.
func (c *trace) counters(group string) {
	type change struct {
		at           time.Duration
		held, wanted int
	}
	var changes []change
	for _, s := range c.Spans {
		var by change
		switch {
		case c.holds(s, group):
			by.held = 1
		case s.Lane.Group == group && s.Look == Locked:
			by.wanted = 1
		default:
			continue
		}
		changes = append(changes, change{s.From, by.held, by.wanted}, change{s.To, -by.held, -by.wanted})
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	held, wanted := 0, 0
	for i, by := range changes {
		held, wanted = held+by.held, wanted+by.wanted
		if i+1 < len(changes) && changes[i+1].at == by.at {
			continue
		}
		c.event(traceEvent{
			Name: "lock", Phase: "C", TS: micros(by.at), PID: c.pid(group),
			Args: map[string]any{"held": held, "wanted": wanted},
		})
	}
}

// mark writes an instant, or an arrow where a lock had to be dropped. The other task may be
// unknown, since a window of a record has cut it off; then the mark is an instant. The ends of the
// arrow are at one moment, and are joined by the mark's place in the scene.
func (c *trace) mark(i int, m Mark) {
	base := traceEvent{Name: Clean(m.Name), Cat: "note", TS: micros(m.At), PID: c.pid(m.Lane.Group), TID: m.Lane.Number}
	peer, known := c.peer(m)
	if m.Kind == Forced && known {
		from, to := base, base
		from.Phase, from.ID, from.TID = "s", strconv.Itoa(i), c.lanes[peer].Number
		// "e" binds the arrow's end to the slice that is there at this moment; without it the
		// viewer takes the next one.
		to.Phase, to.ID, to.Bind = "f", from.ID, "e"
		c.event(from)
		c.event(to)
		return
	}
	base.Phase, base.Scope = "i", "t"
	if known {
		base.Args = map[string]any{"of": c.lanes[peer].name()}
	}
	c.event(base)
}
