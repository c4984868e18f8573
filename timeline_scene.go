package quartet

import (
	"cmp"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errNothingRecorded = errors.New("quartet: the timeline has recorded nothing")

// scene is what pictures of a timeline show.
type scene struct {
	begin, end time.Time
	spans      []span
	notes      []Event
	remarks    []Remark
	lanes      []lane
	row        map[lane]int    // in lanes
	labels     map[lane]string // of lanes on which one task ran, or more with the same label
	home       map[taskKey]lane
}

// taskKey is a task of an executor.
type taskKey struct {
	executor string
	task     uint64
}

func (t *Timeline) scene() (*scene, error) {
	events := t.Events()
	sc := &scene{spans: spans(events), notes: notes(events), remarks: t.Remarks(), row: make(map[lane]int), labels: make(map[lane]string), home: make(map[taskKey]lane)}
	if len(sc.spans) == 0 {
		return nil, errNothingRecorded
	}
	sc.begin, sc.end = extent(sc.spans)
	for _, s := range sc.spans {
		if s.kind == EventQueued {
			continue
		}
		if _, seen := sc.row[s.lane]; !seen {
			sc.row[s.lane] = 0
			sc.lanes = append(sc.lanes, s.lane)
			sc.labels[s.lane] = s.label
		} else if sc.labels[s.lane] != s.label {
			sc.labels[s.lane] = ""
		}
		sc.home[taskKey{s.lane.executor, s.task}] = s.lane
	}
	slices.SortFunc(sc.lanes, func(a, b lane) int {
		return cmp.Or(cmp.Compare(a.executor, b.executor), cmp.Compare(a.number, b.number))
	})
	for i, l := range sc.lanes {
		sc.row[l] = i
	}
	return sc, nil
}

// peer returns the row of the other task of a note, if it is known.
func (sc *scene) peer(e Event) (row int, ok bool) {
	l, ok := sc.home[taskKey{e.Executor, e.Peer}]
	return sc.row[l], ok && e.Peer != 0
}

// locked returns the executors whose tasks share a lock: some task waited for it.
func (sc *scene) locked() map[string]bool {
	locked := make(map[string]bool)
	for _, s := range sc.spans {
		if s.looks() == looksLocked {
			locked[s.lane.executor] = true
		}
	}
	return locked
}

// at is where a moment lies on a scale of so many units.
func (sc *scene) at(moment time.Time, units int) int {
	whole := max(1, uint64(sc.end.Sub(sc.begin)))
	part := min(whole, uint64(max(0, moment.Sub(sc.begin))))
	high, low := bits.Mul64(part, uint64(units))
	q, _ := bits.Div64(high, low, whole)
	return int(q)
}

// name is what a lane is called.
func (l lane) name() string { return l.executor + " " + strconv.Itoa(l.number) }

func (s span) name() string {
	if s.label != "" {
		return s.label
	}
	return "task " + strconv.FormatUint(s.task, 10)
}

// clipped is text of at most so many runes.
func clipped(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return strings.TrimRight(string(runes[:most-1]), " ") + "…"
	}
	return text
}

// notes returns the events that change no stretch.
func notes(events []Event) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Kind != EventNoted })
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
