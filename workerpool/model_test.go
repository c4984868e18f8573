package workerpool_test

import "slices"

// The slow obvious pool: what a pool must have done once nothing moves any more. It keeps every
// task for ever, looks at all of them for every answer, and knows no goroutine, lock, ring or
// wake-up.

type state uint8

const (
	blocked   state = iota // its submitter waits for room
	held                   // queued, before a turnstile
	ready                  // queued, may start
	running                // has a slot
	waiting                // has lent its slot
	returning              // its wait is over, it needs a slot
	done
	failed
	dropped   // abandoned: ErrDiscarded
	cancelled // abandoned: its context ended
	saturated // refused: ErrSaturated
	late      // refused: its context ended
	shut      // refused: ErrClosed
)

// way is a view: a level (-1 is the highest), and the gates that a task has to pass, one after the
// other.
type way struct {
	level int
	gates []int
}

// gate lets cap tasks through at a time. Those of a limit lend their place while they wait; those
// of a key do not.
type gate struct {
	cap  int
	lend bool
}

var (
	gates = []gate{{1, false}, {1, false}, {2, true}, {1, true}, {1, false}}
	ways  = []way{
		{},
		{gates: []int{0}},
		{gates: []int{1}},
		{gates: []int{2}},
		{gates: []int{3}},
		{gates: []int{4, 2}},
		{level: -1},
		{level: 1},
	}
)

type modelTask struct {
	way
	state  state
	passed int // gates
	awaits int // the task that it awaits; -1: none
	ended  bool
}

type model struct {
	workers, queue, inFlight int
	policy                   int // 0 wait, 1 reject, 2 drop the oldest
	closed                   bool
	starts, grants           int
	tasks                    []modelTask
	// of what is blocked, or before a gate, or on its way back, or ready: who came first
	order  []int
	events [13]int // tasks that have been in each state at their end
}

func (m *model) clone() *model {
	c := *m
	c.tasks, c.order = slices.Clone(m.tasks), slices.Clone(m.order)
	return &c
}

func (m *model) count(states ...state) (n int) {
	for _, t := range m.tasks {
		if slices.Contains(states, t.state) {
			n++
		}
	}
	return n
}

// set puts a task into a state, as the last one there.
func (m *model) set(i int, s state) {
	m.tasks[i].state = s
	m.order = append(slices.DeleteFunc(m.order, func(x int) bool { return x == i }), i)
}

// first returns the first one, in order, of which ok is true; -1: none.
func (m *model) first(ok func(i int, t *modelTask) bool) int {
	for _, i := range m.order {
		if ok(i, &m.tasks[i]) {
			return i
		}
	}
	return -1
}

// inside counts who is behind gate g.
func (m *model) inside(g int) (n int) {
	for _, t := range m.tasks {
		at := slices.Index(t.gates, g)
		lent := gates[g].lend && (t.state == waiting || t.state == returning)
		if at >= 0 && t.passed > at && !t.ended && !lent {
			n++
		}
	}
	return n
}

// limit returns the gate whose place t lends while it waits; -1: none.
func (t *modelTask) limit() int {
	i := slices.IndexFunc(t.gates, func(g int) bool { return gates[g].lend })
	if i < 0 {
		return -1
	}
	return t.gates[i]
}

func (m *model) free() int { return max(0, m.workers-m.count(running)-m.count(returning)) }

func (m *model) room(inside bool) bool {
	return m.count(held, ready) < m.queue+m.free() &&
		(inside || m.count(held, ready, running, waiting, returning) < m.inFlight)
}

// advance brings every queued task through its gates as far as it gets.
func (m *model) advance() {
	for {
		i := m.first(func(i int, t *modelTask) bool { return t.state == held && m.mayPass(i) })
		if i < 0 {
			return
		}
		t := &m.tasks[i]
		if t.passed++; t.passed < len(t.gates) {
			m.set(i, held)
		} else {
			m.set(i, ready)
		}
	}
}

// mayPass: there is a place, nobody wants it back, and nobody stands before i.
func (m *model) mayPass(i int) bool {
	t := &m.tasks[i]
	if t.passed == len(t.gates) {
		return true
	}
	g := t.gates[t.passed]
	return m.inside(g) < gates[g].cap &&
		m.first(func(_ int, o *modelTask) bool { return o.state == returning && o.limit() == g }) < 0 &&
		m.first(func(_ int, o *modelTask) bool {
			return o.state == held && o.passed < len(o.gates) && o.gates[o.passed] == g
		}) == i
}

func (m *model) accept(i int) {
	m.set(i, held)
	if len(m.tasks[i].gates) == 0 {
		m.set(i, ready)
	}
}

// submit is a submit of task i, which is the last one. soon: who awaits a task that is dropped for
// it comes back before all has settled.
func (m *model) submit(i int, inside, soon bool) {
	level := m.tasks[i].level
	switch {
	case m.closed && !inside:
		m.end(i, shut)
	case m.room(inside) &&
		(inside ||
			m.first(func(o int, t *modelTask) bool { return o != i && t.state == blocked && t.level <= level }) < 0):
		m.accept(i)
	case m.policy == 2 && m.oldest(level) >= 0:
		old := m.oldest(level)
		m.tasks[old].state = dropped
		m.accept(i)
		m.advance() // before the places of the dropped one are given on
		if !soon {
			m.settle()
		}
		m.abandon(old, dropped)
	case m.policy != 0:
		m.end(i, saturated)
	}
	m.settle()
}

// oldest is the task that makes room for one of level: the oldest of the lowest level. A task that
// may start goes before one that is held.
func (m *model) oldest(level int) int {
	for l := 1; l >= level; l-- {
		if i := m.first(func(_ int, t *modelTask) bool { return t.level == l && t.state == ready }); i >= 0 {
			return i
		}
		if i := slices.IndexFunc(m.tasks, func(t modelTask) bool { return t.level == l && t.state == held }); i >= 0 {
			return i
		}
	}
	return -1
}

// end ends task i, and the wait of the one that awaits it.
func (m *model) end(i int, s state) {
	t := &m.tasks[i]
	t.state, t.ended = s, true
	m.events[s]++
	for j := range m.tasks {
		if o := &m.tasks[j]; o.state == waiting && o.awaits == i {
			m.comeBack(j)
		}
	}
}

// abandon ends a queued task: its room and its places are given on before the one that awaits it
// knows.
func (m *model) abandon(i int, s state) {
	m.tasks[i].state, m.tasks[i].ended = s, true
	m.advance()
	m.grant()
	m.end(i, s)
}

func (m *model) comeBack(i int) {
	m.tasks[i].awaits = -1
	m.set(i, returning)
}

// cancel: its context ends.
func (m *model) cancel(i int) {
	switch m.tasks[i].state {
	case blocked:
		m.end(i, late)
	case held, ready:
		m.abandon(i, cancelled)
	case waiting:
		m.comeBack(i)
	}
	m.settle()
}

// back says when the one that awaited a task takes part again: nobody promises which.
type back uint8

const (
	early   back = iota // before the slot of the ended task is given on
	between             // when blocked submitters have been let in, before anybody has taken the slot
	after               // when all has settled
)

// finish: a running task returns. gone: its goroutine is over, so that blocked submitters are let
// in before another one takes the next task.
func (m *model) finish(i int, s state, when back, gone bool) {
	waiter := slices.IndexFunc(m.tasks, func(t modelTask) bool { return t.state == waiting && t.awaits == i })
	if waiter >= 0 && when != early {
		m.tasks[waiter].awaits = -1
	}
	m.end(i, s)
	m.advance()
	if when == between {
		m.grant()
	} else if !gone {
		m.next()
	}
	if when == after {
		m.settle()
	}
	if waiter >= 0 && when != early {
		m.comeBack(waiter)
	}
	m.settle()
}

// await reports deadlock: the own key holds up the awaited task.
func (m *model) await(i, what int) (deadlock bool) {
	t, o := &m.tasks[i], &m.tasks[what]
	if o.ended {
		return false
	}
	queued := o.state == held || o.state == ready
	if queued && len(t.gates) > 0 && len(o.gates) > 0 && t.gates[0] == o.gates[0] && !gates[t.gates[0]].lend {
		return true
	}
	m.set(i, waiting)
	t.awaits = what
	m.advance()
	if o.state == ready && o.level <= t.level {
		m.start(what)
	}
	m.settle()
	return false
}

func (m *model) yield(i int) {
	if m.count(ready) == 0 && m.count(returning) == 0 {
		return
	}
	m.set(i, waiting)
	m.advance()
	if next := m.turn(); next >= 0 {
		m.start(next)
	}
	m.set(i, returning)
	m.settle()
}

func (m *model) resize(n int) {
	m.workers = n
	m.settle()
}

func (m *model) shutdown() {
	m.closed = true
	for i := range m.tasks {
		if m.tasks[i].state == blocked {
			m.end(i, shut)
		}
	}
	m.settle()
}

// turn is the ready task that is next: of 16 starts one goes to the normal ones first and one to
// the low ones.
func (m *model) turn() int {
	return m.firstByLevel(m.starts, ready)
}

func (m *model) firstByLevel(round int, s state) int {
	levels := []int{-1, 0, 1}
	switch round % 16 {
	case 7:
		levels = []int{0, -1, 1}
	case 15:
		levels = []int{1, -1, 0}
	}
	for _, l := range levels {
		if i := m.first(func(_ int, t *modelTask) bool { return t.state == s && t.level == l }); i >= 0 {
			return i
		}
	}
	return -1
}

func (m *model) start(i int) {
	m.starts++
	m.set(i, running)
}

// next gives a free slot to one that is on its way back, else to the next one in the queue.
func (m *model) next() bool {
	if m.count(running) >= m.workers {
		return false
	}
	back := m.first(func(_ int, t *modelTask) bool {
		return t.state == returning && (t.limit() < 0 || m.inside(t.limit()) < gates[t.limit()].cap)
	})
	if back >= 0 {
		m.set(back, running)
		m.advance()
		return true
	}
	if i := m.turn(); i >= 0 {
		m.start(i)
		return true
	}
	return false
}

// grant lets in the submitters for whom there is room, by level as starts are.
func (m *model) grant() {
	for m.room(false) {
		i := m.firstByLevel(m.grants, blocked)
		if i < 0 {
			return
		}
		m.grants++
		m.accept(i)
		m.advance()
	}
}

// settle goes on until nothing moves.
func (m *model) settle() {
	for again := true; again; {
		m.advance()
		m.grant()
		again = m.next()
	}
}
