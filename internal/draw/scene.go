package draw

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"time"
)

// Scene is the content of a picture. Times are counted from its begin. draw knows no executors:
// package quartet's Timeline turns its events into a Scene. The drawing functions only read it.
// Spans of one task must not overlap; Length is the end of the time axis, and what lies outside is
// drawn at its edge.
//
// Invariant: the spans are in the order of their beginnings. SVG and Chrome rely on it (stretches,
// holders).
type Scene struct {
	Spans []Span
	// In the order of their times: of two in one column Text shows the later.
	Marks   []Mark
	Remarks []Remark
	Length  time.Duration
}

// Lane is a line of the picture: one worker, process or thread of a group. A group is an executor.
// Queued spans have the group alone, and any number.
type Lane struct {
	Group  string
	Number int
}

func (l Lane) name() string { return Clean(l.Group) + " " + strconv.Itoa(l.Number) }

// Span is a stretch of a task's time. Spans of one task follow each other; those of one lane may
// overlap, where its tasks share it.
type Span struct {
	Lane     Lane
	Task     uint64
	Label    string
	Look     Look
	From, To time.Duration
}

// Look is how a span looks. Tables of all forms (letters, classes, categories) are indexed by it,
// so a new look needs a line in each.
type Look uint8

const (
	Queued  Look = iota // it has no lane yet
	Run                 // it runs
	Holds               // it runs in a call that keeps a lock
	Native              // it runs without the lock that its group has
	Waiting             // it waits
	Locked              // it waits for the lock
	looks
)

// holdsLock reports whether a task of this look has its group's lock, if the group has one. Whether
// the group has one is seen by locked.
func (l Look) holdsLock() bool { return l == Run || l == Holds }

// Mark is something that happened to a task at one moment. It has no length, so it is drawn over
// the spans. It is drawn only if its lane has a span. Peer is a number and not a lane: who records
// it knows the task, which may have moved since.
type Mark struct {
	Kind MarkKind
	Name string // for a trace
	Lane Lane
	Peer uint64 // the number of another task of the group, or 0
	At   time.Duration
}

// MarkKind is how a mark looks. Other is what a picture has no sign for.
type MarkKind uint8

const (
	Other  MarkKind = iota // shown by a trace only
	Lost                   // woken for the lock, and found it taken
	Forced                 // got the lock that Peer had to drop
)

// Remark is a sentence about a stretch of a lane. It is the analysis of whoever made the scene;
// draw does not find anything out.
type Remark struct {
	Lane     Lane
	From, To time.Duration
	Text     string
}

// taskKey is a task of a group. Numbers of tasks are unique within a group alone.
type taskKey struct {
	group string
	task  uint64
}

// plan is a scene with its lanes in order. All three forms draw it, so lanes have the same order
// and names everywhere. It belongs to one drawing, and is not changed after newPlan.
type plan struct {
	*Scene
	lanes  []Lane
	row    map[Lane]int     // in lanes
	labels map[Lane]string  // of lanes on which one task ran, or several with the same label
	home   map[taskKey]Lane // where a task ran last
}

// Lanes are ordered by group and number, not by time, so that two pictures of one program can be
// compared.
//
// A lane's label is that of its tasks if they all have the same one; an empty label counts as a
// label, so a lane on which a task without one has run has none. home ends as the lane of the
// task's last span.
//
// It walks over all spans once, and sorts lanes only.
func newPlan(s *Scene) *plan {
	p := &plan{Scene: s, row: make(map[Lane]int), labels: make(map[Lane]string), home: make(map[taskKey]Lane)}
	for _, s := range s.Spans {
		// A queued task has no lane yet; backlogs counts it.
		if s.Look == Queued {
			continue
		}
		if _, seen := p.row[s.Lane]; !seen {
			p.row[s.Lane] = 0
			p.lanes = append(p.lanes, s.Lane)
			p.labels[s.Lane] = s.Label
		} else if p.labels[s.Lane] != s.Label {
			p.labels[s.Lane] = ""
		}
		p.home[taskKey{s.Lane.Group, s.Task}] = s.Lane
	}
	slices.SortFunc(p.lanes, func(a, b Lane) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Number, b.Number))
	})
	for i, l := range p.lanes {
		p.row[l], p.labels[l] = i, Clean(p.labels[l])
	}
	return p
}

// peer returns the row of the other task of a mark, if it is known. A task that has moved between
// lanes is looked for where it ran last. row is 0 where ok is false, and means nothing.
func (p *plan) peer(m Mark) (row int, ok bool) {
	l, ok := p.home[taskKey{m.Lane.Group, m.Peer}]
	return p.row[l], ok && m.Peer != 0
}

// locked returns the groups whose tasks share a lock: some task waited for it.
func (p *plan) locked() map[string]bool {
	locked := make(map[string]bool)
	for _, s := range p.Spans {
		if s.Look == Locked {
			locked[s.Lane.Group] = true
		}
	}
	return locked
}

// groups returns the names of all groups, in order. A group whose tasks were only ever queued has
// no lane. Marks and remarks name no group that has no span. It is called a few times for each
// picture, and there are few groups: a search in a slice will do.
func (p *plan) groups() []string {
	var groups []string
	for _, s := range p.Spans {
		if !slices.Contains(groups, s.Lane.Group) {
			groups = append(groups, s.Lane.Group)
		}
	}
	slices.Sort(groups)
	return groups
}

// at returns the place of a moment on a scale of so many units. It multiplies in 128 bits, so that
// hours in nanoseconds do not overflow, and in integers, so that every machine draws the same. A
// moment before the beginning is at 0, one after the end at units. Invariant: part <= whole, so the
// quotient fits and Div64 does not panic, as long as units is below 2^63.
func (p *plan) at(moment time.Duration, units int) int {
	whole := max(1, uint64(max(0, p.Length)))
	part := min(whole, uint64(max(0, moment)))
	high, low := bits.Mul64(part, uint64(units))
	q, _ := bits.Div64(high, low, whole)
	return int(q)
}

// name is the label, or the number where there is none.
func (s Span) name() string {
	if s.Label != "" {
		return Clean(s.Label)
	}
	return "task " + strconv.FormatUint(s.Task, 10)
}
