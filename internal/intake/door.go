package intake

import (
	"github.com/quartet-go/quartet/internal/linked"
	"github.com/quartet-go/quartet/internal/task"
)

// visitor is a node whose submitter waits for room. Whoever makes room accepts the node and then
// wakes the submitter, so that nobody can overtake it and no wake-up can be lost. All fields but
// ready are guarded by the lock. resume is written by the submitter before it comes to the door,
// and so before anybody can call it.
//
// A visitor belongs to its submitter until come has put it at the door, then to whoever holds the
// lock, and after decided to its submitter again, once that has received the signal.
type visitor struct {
	in     *Intake
	node   *task.Node
	side   side
	ready  chan struct{} // for a submitter that blocks its goroutine
	resume func()        // for one that its model suspends
	state  visit
	before *task.Turnstile // it waits until that one's backlog is shorter; nil: for room
	err    error           // of one that is refused

	link linked.Link[*visitor]
}

// visit is where a visitor is: new ──> at the door ──> decided. It never goes back: a visitor that
// moves between the door and a turnstile's line stays atTheDoor.
type visit uint8

const (
	arriving visit = iota
	atTheDoor
	decided
)

// side says from where a node was submitted.
type side uint8

const (
	outside side = iota
	inside       // by a task of this executor
)

func sideOf(within *task.Node) side {
	if within != nil {
		return inside
	}
	return outside
}

// line is a FIFO of visitors.
type line = linked.List[*visitor]

// door is where submitters wait for room, by side and level. Those inside go first, since what they
// belong to ends only after them; within a side levels have their turns as they have for starts.
//
// Those whose own key or limit has as long a backlog as they allow wait apart, in a line of its own
// for each turnstile, so that they hold up nobody else. When that backlog becomes shorter, the
// first of them goes on to the door. The lock guards it. Invariant: waiting[s] is the sum of the
// lengths of lines[s], and besides that of all lines in apart; a turnstile in apart has at least
// one visitor, which its Visitors counts too.
//
// Rejected: one queue for all. A submitter that waits for its own key would stop those behind it,
// for whom there is room.
type door struct {
	// By side and level; they are counted, so that busy costs two reads on each Unlock.
	lines   [2][levels]line
	waiting [2]int
	apart   map[*task.Turnstile]*line
	besides int // all who wait apart
	grants  uint64
	idle    []*visitor // for reuse
}

// Level is from High to Low, which are -1 to 1.
func (d *door) line(v *visitor) *line { return &d.lines[v.side][v.node.Level-High] }

// busy reports whether anybody waits.
func (d *door) busy() bool { return d.waiting[inside]+d.waiting[outside] > 0 }

// before reports whether somebody waits at the door whom a node of that level must not overtake.
// Only visitors of the same side count. A task inside must not wait behind strangers: they may need
// what it holds.
func (d *door) before(level int8, within *task.Node) bool {
	s := sideOf(within)
	if d.waiting[s] == 0 {
		return false
	}
	for l := High; l <= level; l++ {
		if d.lines[s][l-High].Len() > 0 {
			return true
		}
	}
	return false
}

// push has v wait for room, or apart until a turnstile's backlog is shorter.
func (d *door) push(v *visitor, before *task.Turnstile) {
	v.state, v.before = atTheDoor, before
	if before == nil {
		d.line(v).Push(&v.link, v)
		d.waiting[v.side]++
		return
	}
	l := d.apart[before]
	if l == nil {
		l = &line{}
		if d.apart == nil {
			d.apart = make(map[*task.Turnstile]*line)
		}
		d.apart[before] = l
	}
	l.Push(&v.link, v)
	before.Visitors++
	d.besides++
}

// An empty line of a turnstile goes from the map at once, or keys that come and go would add up.
func (d *door) remove(v *visitor) {
	if v.before == nil {
		d.line(v).Remove(&v.link)
		d.waiting[v.side]--
		return
	}
	l := d.apart[v.before]
	l.Remove(&v.link)
	v.before.Visitors--
	d.besides--
	if l.Len() == 0 {
		delete(d.apart, v.before)
	}
}

// firstAt returns the first of those who wait until s has a shorter backlog, or nil.
func (d *door) firstAt(s *task.Turnstile) *visitor {
	if s.Visitors == 0 {
		return nil
	}
	return d.apart[s].First()
}

// all returns everybody on a side.
func (d *door) all(s side) (vs []*visitor) {
	for v := range d.everybody {
		if v.side == s {
			vs = append(vs, v)
		}
	}
	return vs
}

// The lines are copied as values. So the caller may look at all, but must not move a visitor before
// the loop has ended: see all.
func (d *door) everybody(yield func(*visitor) bool) {
	lines := append(d.lines[inside][:len(d.lines[inside]):len(d.lines[inside])], d.lines[outside][:]...)
	for _, l := range d.apart {
		lines = append(lines, *l)
	}
	for _, l := range lines {
		for v := range l.All() {
			if !yield(v) {
				return
			}
		}
	}
}

// len is how many wait.
func (d *door) len() int { return d.waiting[inside] + d.waiting[outside] + d.besides }

// next returns who is next on a side, or nil. The levels take turns by grants and not by starts:
// many may be let in between two starts. grants is counted by letInLocked, for those who really
// come in.
func (d *door) next(s side) *visitor {
	if d.waiting[s] == 0 {
		return nil
	}
	for _, l := range turn(d.grants) {
		if v := d.lines[s][l-High].First(); v != nil {
			return v
		}
	}
	return nil
}

// maxIdleVisitors bounds those that are kept for reuse.
const maxIdleVisitors = 64

// The channel is made once and reused: it is the costly part of a visit. Its capacity of 1 lets
// Apply send without waiting.
func (d *door) visitor(in *Intake, n, within *task.Node) *visitor {
	v := &visitor{in: in}
	if last := len(d.idle) - 1; last >= 0 {
		v, d.idle = d.idle[last], d.idle[:last]
	} else {
		v.ready = make(chan struct{}, 1)
	}
	v.node, v.side = n, sideOf(within)
	return v
}

// The lock guards it. A visitor with a resume is not kept: nothing tells when Apply is done with
// it.
func (d *door) keep(v *visitor) {
	if len(d.idle) < maxIdleVisitors {
		*v = visitor{in: v.in, ready: v.ready}
		d.idle = append(d.idle, v)
	}
}

// Apply tells a visitor what became of its node. It runs without the lock, on the goroutine that
// made room. A resume may run code of another model's; a send never blocks, as each visit gets one.
// A resume of a wait that its ctx has ended does nothing, and goAway sees the decision under the
// lock.
func (v *visitor) Apply() {
	if v.resume != nil {
		v.resume()
	} else {
		v.ready <- struct{}{}
	}
}
