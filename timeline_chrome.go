package quartet

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// WriteChrome writes the Chrome trace-event format, as JSON, which Perfetto and chrome://tracing open: a process for each
// executor, a thread for each lane, a slice for each stretch in which a task runs, and an asynchronous one for each in
// which it is queued or waits.
//
// Where tasks share a lock their waits are slices too, a lane of its own says who holds the lock, counters say how many
// hold it and want it, a lost race and a request to drop it are instants, and an arrow goes from the thread that had to
// drop it to the one that got it. Times are in microseconds, exact to the nanosecond.
func (t *Timeline) WriteChrome(w io.Writer) error {
	sc, err := t.scene()
	if err != nil {
		return err
	}
	c := &chrome{scene: sc, w: bufio.NewWriter(w), locked: sc.locked()}
	c.heads()
	for i, s := range sc.spans {
		c.stretch(i, s)
	}
	for _, executor := range c.executors {
		if c.locked[executor] {
			c.holders(executor)
			c.counters(executor)
		}
	}
	for i, e := range sc.notes {
		c.note(i, e)
	}
	c.put(`],"displayTimeUnit":"ns"}` + "\n")
	return c.w.Flush() // the first error of all
}

// traceEvent is an event of the Chrome trace-event format.
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

func (d micros) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%03d", d/1000, d%1000), nil
}

// chrome is a trace that is being written, event by event, since it may be large.
type chrome struct {
	*scene
	w         *bufio.Writer
	events    int
	executors []string
	locked    map[string]bool // executors whose tasks share a lock
}

// firstHolder is the number of the lane of a lock's holders: above those of all others.
const firstHolder = 1 << 20

func (c *chrome) put(text string) { _, _ = c.w.WriteString(text) }

func (c *chrome) event(e traceEvent) {
	if c.events++; c.events > 1 {
		c.put(",\n")
	}
	text, _ := json.Marshal(e) // strings and numbers: it cannot fail
	_, _ = c.w.Write(text)
}

func (c *chrome) ts(at time.Time) micros { return micros(at.Sub(c.begin)) }

func (c *chrome) pid(executor string) int { return slices.Index(c.executors, executor) + 1 }

// heads names processes and threads. Executors whose tasks were only ever queued are known by their spans.
func (c *chrome) heads() {
	c.put(`{"traceEvents":[`)
	for _, s := range c.spans {
		if !slices.Contains(c.executors, s.lane.executor) {
			c.executors = append(c.executors, s.lane.executor)
		}
	}
	slices.Sort(c.executors)
	for _, executor := range c.executors {
		c.event(traceEvent{Name: "process_name", Phase: "M", PID: c.pid(executor), Args: map[string]any{"name": executor}})
	}
	for _, l := range c.lanes {
		name := l.name()
		if label := c.labels[l]; label != "" {
			name += " " + label
		}
		c.thread(l.executor, l.number, name, l.number+1)
	}
}

// thread names a lane, and puts it in its order.
func (c *chrome) thread(executor string, number int, name string, order int) {
	c.event(traceEvent{Name: "thread_name", Phase: "M", PID: c.pid(executor), TID: number, Args: map[string]any{"name": name}})
	c.event(traceEvent{Name: "thread_sort_index", Phase: "M", PID: c.pid(executor), TID: number, Args: map[string]any{"sort_index": order}})
}

// stretch writes a slice. Waits of tasks that share a lane overlap, and so are asynchronous; threads that share a lock
// have a lane each.
func (c *chrome) stretch(i int, s span) {
	e := traceEvent{Name: s.name(), TS: c.ts(s.from), PID: c.pid(s.lane.executor), TID: s.lane.number}
	switch looks := s.looks(); {
	case looks == looksRun:
		e.Phase, e.Dur = "X", c.ts(s.to)-e.TS
	case looks != looksIdle && (looks != looksWaiting || c.locked[s.lane.executor]):
		e.Name, e.Cat, e.Phase, e.Dur = svgShort[looks], s.detail, "X", c.ts(s.to)-e.TS
	default:
		e.Cat, e.ID, e.Phase = s.kind.String(), strconv.Itoa(i), "b"
		c.event(e)
		e.Phase, e.TS = "e", c.ts(s.to)
	}
	c.event(e)
}

// holders writes who has the lock: in one lane, or in as many as locks are held at once.
func (c *chrome) holders(executor string) {
	var until []time.Time // of each lane
	for _, s := range c.spans {
		if !c.holds(s, executor) {
			continue
		}
		i := slices.IndexFunc(until, func(end time.Time) bool { return !end.After(s.from) })
		if i < 0 {
			i, until = len(until), append(until, time.Time{})
			name := "holder"
			if i > 0 {
				name = fmt.Sprintf("holder of lock %d", i+1)
			}
			c.thread(executor, firstHolder+i, name, i-firstHolder)
		}
		until[i] = s.to
		c.event(traceEvent{Name: s.name(), Cat: "holder", Phase: "X", TS: c.ts(s.from), Dur: micros(s.to.Sub(s.from)), PID: c.pid(executor), TID: firstHolder + i})
	}
}

// holds reports whether in s a task of the executor has its lock.
func (c *chrome) holds(s span, executor string) bool {
	looks := s.looks()
	return s.lane.executor == executor && (looks == looksRun || looks == looksHolds) && s.to.After(s.from)
}

// counters writes how many hold a lock and how many want it, as that changes.
func (c *chrome) counters(executor string) {
	type change struct {
		at          time.Time
		hold, queue int
	}
	var changes []change
	for _, s := range c.spans {
		var by change
		switch {
		case c.holds(s, executor):
			by.hold = 1
		case s.lane.executor == executor && s.looks() == looksLocked:
			by.queue = 1
		default:
			continue
		}
		changes = append(changes, change{s.from, by.hold, by.queue}, change{s.to, -by.hold, -by.queue})
	}
	slices.SortStableFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	hold, queue := 0, 0
	for i, by := range changes {
		hold, queue = hold+by.hold, queue+by.queue
		if i+1 < len(changes) && changes[i+1].at.Equal(by.at) {
			continue
		}
		c.event(traceEvent{Name: "lock", Phase: "C", TS: c.ts(by.at), PID: c.pid(executor), Args: map[string]any{"held": hold, "wanted": queue}})
	}
}

// note writes an instant, and an arrow where a lock had to be dropped.
func (c *chrome) note(i int, e Event) {
	base := traceEvent{Name: e.Detail, Cat: "note", TS: c.ts(e.At), PID: c.pid(e.Executor), TID: e.Lane}
	peer, known := c.peer(e)
	if e.Detail == "forced" && known {
		from, to := base, base
		from.Phase, from.ID, from.TID = "s", strconv.Itoa(i), c.lanes[peer].number
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
