package quartet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

var errNothingRecorded = errors.New("quartet: the timeline has recorded nothing")

// WriteText draws a Gantt chart of width columns (at least 1; 80 is usual), a line for each lane: # where a task runs, ~
// where tasks only wait. Under a global lock . is a wait for the lock, c a call that keeps it, = computing without it, >
// where the lock came from a thread that had to drop it, and ! where one was woken for the lock and found it taken. Of
// what falls into one column it shows the rarer. Remarks follow as sentences.
func (t *Timeline) WriteText(w io.Writer, width int) error {
	events := t.Events()
	all := spans(events)
	if len(all) == 0 {
		return errNothingRecorded
	}
	width = max(width, 1)
	begin, end := extent(all)
	column := func(at time.Time) int {
		return int(int64(at.Sub(begin)) * int64(width) / max(1, int64(end.Sub(begin))))
	}
	lanes := lanesOf(all)
	rows := make([][]byte, len(lanes))
	for i := range rows {
		rows[i] = []byte(strings.Repeat(" ", width))
	}
	for _, s := range all {
		if i := slices.Index(lanes, s.lane); i >= 0 && s.kind != EventQueued {
			paint(rows[i], column(s.from), column(s.to), s.looks())
		}
	}
	for _, e := range notes(events) {
		if i := slices.Index(lanes, lane{e.Executor, e.Lane}); i >= 0 && textMarks[e.Detail] != 0 {
			rows[i][min(column(e.At), width-1)] = textMarks[e.Detail]
		}
	}
	for i, l := range lanes {
		if _, err := fmt.Fprintf(w, "%12s %3d |%s|\n", l.executor, l.number, rows[i]); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "%16s  %-*s%v\n", "", max(1, width-len(end.Sub(begin).String())+1), "0", end.Sub(begin)); err != nil {
		return err
	}
	for _, r := range t.Remarks() {
		if _, err := fmt.Fprintf(w, "%16s  %v–%v: %s\n", "", r.From.Sub(begin), r.To.Sub(begin), r.Text); err != nil {
			return err
		}
	}
	return nil
}

var textMarks = map[string]byte{"forced": '>', "lost": '!'}

// texture is what stretches look like in text; of two in one column the later in rarity is shown.
var (
	texture = [...]byte{looksIdle: ' ', looksRun: '#', looksHolds: 'c', looksNative: '=', looksWaiting: '~', looksLocked: '.'}
	rarity  = []byte(" ~.=#c")
)

// paint fills columns, at least one.
func paint(row []byte, from, to, looks int) {
	c := texture[looks]
	from = min(from, len(row)-1)
	for i := from; i < max(to, from+1) && i < len(row); i++ {
		if slices.Index(rarity, c) > slices.Index(rarity, row[i]) {
			row[i] = c
		}
	}
}

func extent(all []span) (begin, end time.Time) {
	begin = all[0].from
	for _, s := range all {
		if s.to.After(end) {
			end = s.to
		}
	}
	return begin, end
}

// traceEvent is an event of the Chrome trace-event format.
type traceEvent struct {
	Name  string            `json:"name"`
	Cat   string            `json:"cat,omitempty"`
	Phase string            `json:"ph"`
	TS    float64           `json:"ts"` // µs
	Dur   float64           `json:"dur,omitempty"`
	PID   int               `json:"pid"`
	TID   int               `json:"tid"`
	ID    string            `json:"id,omitempty"`
	Args  map[string]string `json:"args,omitempty"`
}

// WriteChrome writes the Chrome trace-event format, as JSON, which Perfetto and chrome://tracing open: a process for each
// executor, a thread for each lane, a slice for each stretch in which a task runs, and an asynchronous one for each in
// which it is queued or waits.
func (t *Timeline) WriteChrome(w io.Writer) error {
	all := spans(t.Events())
	if len(all) == 0 {
		return errNothingRecorded
	}
	begin, _ := extent(all)
	micros := func(at time.Time) float64 { return float64(at.Sub(begin).Nanoseconds()) / 1000 }
	var executors []string
	pid := func(executor string) int {
		i := slices.Index(executors, executor)
		if i < 0 {
			i, executors = len(executors), append(executors, executor)
		}
		return i + 1
	}
	var out []traceEvent
	for _, l := range lanesOf(all) {
		out = append(out,
			traceEvent{Name: "process_name", Phase: "M", PID: pid(l.executor), Args: map[string]string{"name": l.executor}},
			traceEvent{Name: "thread_name", Phase: "M", PID: pid(l.executor), TID: l.number, Args: map[string]string{"name": fmt.Sprintf("%s %d", l.executor, l.number)}})
	}
	for i, s := range all {
		e := traceEvent{Name: s.name(), TS: micros(s.from), PID: pid(s.lane.executor), TID: s.lane.number}
		if s.kind == EventStarted {
			e.Phase, e.Dur = "X", micros(s.to)-e.TS
			out = append(out, e)
			continue
		}
		e.Cat, e.ID, e.Phase = s.kind.String(), fmt.Sprint(i), "b"
		end := e
		end.Phase, end.TS = "e", micros(s.to)
		out = append(out, e, end)
	}
	return json.NewEncoder(w).Encode(map[string]any{"traceEvents": out, "displayTimeUnit": "ns"})
}

func (s span) name() string {
	if s.label != "" {
		return s.label
	}
	return fmt.Sprintf("task %d", s.task)
}
