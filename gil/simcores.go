package gil

import (
	"fmt"
	"slices"
	"time"
)

// core is a processor of the simulated machine. It runs one thread; those that are ready to run
// there wait in its queue. A thread belongs to the core on which it ran last, as under Linux: there
// it is woken, and from there another core takes it only when that has nothing to do.
//
// Invariants: running is the thread that has the core; a thread that is ready is in exactly one
// queue, and its occasion waits with it; a core without running has an empty queue, but within a
// step.
type core struct {
	running *vthread
	queue   []*vthread    // the first is next
	busy    time.Duration // until then it switches to a thread that woke
	since   time.Duration // since when running has the core, or since when it is idle
	turn    time.Duration // while threads are in the queue: the tick at which the first of them has the core
	settled time.Duration // until when the lags of its threads are booked
}

// freshCore returns where a thread starts that a thread of a core makes: the least busy of the
// other cores, else that one. The search begins at the next core, so that equals are taken in turn.
func (s *sim) freshCore(from int) int {
	best := (max(from, 0) + 1) % len(s.cores)
	for k := range s.cores {
		i := (max(from, 0) + 1 + k) % len(s.cores)
		if s.cores[i].load() < s.cores[best].load() {
			best = i
		}
	}
	return best
}

// load is how many threads are on c. A core without running has no queue, so 0 is exact between two
// steps.
func (c *core) load() int {
	if c.running == nil {
		return 0
	}
	return 1 + len(c.queue)
}

// idleCore returns an idle core other than i, or -1. The search begins behind i, so that no core is
// favoured.
func (s *sim) idleCore(i int) int {
	for k := 1; k < len(s.cores); k++ {
		if o := (i + k) % len(s.cores); s.cores[o].running == nil {
			return o
		}
	}
	return -1
}

// lands says whether t, which is awake now, runs at once. On a busy core it mostly displaces what
// runs there; else it joins the queue, and its occasion happens when it gets the core.
//
// The order is the kernel's: the core that the thread ran on last is first asked to switch to it.
// That takes the core some time (busy), and two who wake there at once wait for each other. On an
// idle core it runs. On a busy one, an idle core elsewhere is looked for, mostly in vain (Sticky);
// else fairness decides.
//
// It draws from t's own stream (places), and only where chance decides.
func (s *sim) lands(t *vthread) bool {
	if t.abroad {
		return true
	}
	if t.core < 0 && t.number > 0 {
		t.core = s.freshCore(0) // the first thread made it
	}
	t.core = max(t.core, 0)
	if c := &s.cores[t.core]; t.due.wakes() {
		// It tries again when the core has done the switch before.
		if c.busy > s.now {
			s.agenda.put(t, c.busy, t.due)
			return false
		}
		c.busy = s.now + s.switching
	}
	// Where there is no lock, being away from the core is what cools the caches.
	if t.lock == nil {
		t.chill, t.held = s.machine.chillOf(s.now-t.held), s.now
	}
	c := &s.cores[t.core]
	// It has the core already, or nobody has.
	if c.running == nil || c.running == t {
		return true
	}
	// Threads that compute for long, and not in turn under one lock, are soon kept apart by the
	// kernel.
	apart := t.heavy && (t.lock == nil || t.lock != c.running.lock)
	if idle := s.idleCore(t.core); idle >= 0 && (apart || !t.places.chance(s.machine.Sticky)) {
		t.core = idle
		return true
	}
	if !t.displaced && s.preempts(t, c) {
		return true
	}
	s.enqueue(t, len(c.queue))
	return false
}

// enqueue puts t into its core's queue, at a place. What runs there has the core until a tick. The
// lags are settled first, as everywhere before a core's threads change: they are shares of the time
// so far, in which the queue was shorter.
func (s *sim) enqueue(t *vthread, at int) {
	c := &s.cores[t.core]
	s.settle(c)
	if len(c.queue) == 0 {
		c.turn = s.nextTurn(c)
	}
	c.queue = slices.Insert(c.queue, at, t)
	s.queued++
	t.ready = true
	// What runs has the core to the tick only, from now on.
	if r := c.running; r != nil && r.computing && r.due == onSlice {
		if end := max(c.turn, s.now); s.agenda.heap[r.place-1].at > end {
			s.agenda.put(r, end, onSlice)
		}
	}
}

// dequeue takes the first of a core's queue. The slice is moved and not cut: a queue is short, and
// a cut one would be allocated anew.
func (s *sim) dequeue(c *core) *vthread {
	s.settle(c)
	t := c.queue[0]
	c.queue = append(c.queue[:0], c.queue[1:]...)
	s.queued--
	t.ready, t.displaced = false, false
	return t
}

// vacate gives a core to the next of its queue, else to one of the longest queue of another core.
// Taking from the longest other queue is the kernel's newidle balance.
func (s *sim) vacate(i int) {
	c := &s.cores[i]
	s.settle(c)
	c.running, c.since = nil, s.now
	if s.queued == 0 {
		return
	}
	from := c
	for k := range s.cores {
		if o := &s.cores[k]; len(c.queue) == 0 && len(o.queue) > len(from.queue) {
			from = o
		}
	}
	s.dispatch(s.dequeue(from), i)
}

// dispatch gives t the core i. A thread that was in the middle of computing goes on with that; any
// other does what it came for, now. t is in no queue any more.
func (s *sim) dispatch(t *vthread, i int) {
	t.core = i
	c := &s.cores[i]
	s.settle(c)
	c.running, c.since = t, s.now
	c.turn = s.nextTurn(c)
	if t.due == onSlice {
		s.begin(t)
		return
	}
	s.agenda.put(t, s.now, t.due)
}

// displace takes the core away from what runs there, which is next on it. It had computed up to
// now, which is booked; its entry in the agenda goes, as it no longer has the core. Its place is
// the first of the queue: it lost the core without having used up its turn.
func (s *sim) displace(c *core) {
	t := c.running
	if t.computing && t.due == onSlice {
		s.account(t)
	}
	s.agenda.remove(t)
	t.computing = false
	c.running = nil
	s.enqueue(t, 0)
}

// want computes the rest of t's segment, on the core on which it is. If the turn of the queue has
// come, its first goes to an idle core, or t makes way for it.
func (s *sim) want(t *vthread) {
	c := &s.cores[t.core]
	if c.running == t && len(c.queue) > 0 && s.now >= c.turn {
		if idle := s.idleCore(t.core); idle >= 0 && !t.places.chance(s.machine.Sticky/2) {
			c.since = s.now
			s.dispatch(s.dequeue(c), idle)
			c.turn = s.nextTurn(c)
		} else {
			t.due = onSlice
			s.enqueue(t, len(c.queue))
			s.dispatch(s.dequeue(c), t.core)
			return
		}
	}
	s.occupy(t)
	s.begin(t)
}

// occupy gives t the core on which it is, and lets it keep that until its next event.
func (s *sim) occupy(t *vthread) {
	c := &s.cores[t.core]
	if c.running != nil && c.running != t {
		s.displace(c)
	}
	if c.running == nil {
		s.settle(c)
		c.running, c.since = t, s.now
	}
	t.computing = true
}

// begin has t compute on the core that it has: to the end of its segment, to the checkpoint at
// which it has something to do, or to the end of its Quantum, when others wait for the core.
//
// A slice is as long as nothing can happen to it. So a thread that computes alone for an hour costs
// one event. Where a request comes in the middle, interrupt makes the slice shorter. paid is a part
// of the slice that account books too, as computing.
func (s *sim) begin(t *vthread) {
	c := &s.cores[t.core]
	t.computing = true // also when it comes from a queue
	owed := t.owed
	t.left += owed
	t.owed = 0
	t.paid = owed
	t.slice = s.now + owed // what it owes has no checkpoints
	slice := t.left
	if t.op.Do == DoCompute && t.lock != nil {
		switch l := t.lock; {
		case s.period > 0:
			if l.wanted() {
				slice = min(slice, owed+max(s.period-l.ticked, 0))
			}
		case s.policy.Checkpoint(l.state(s.now)):
			slice = min(slice, owed+s.machine.Check)
		}
	}
	// Others wait: it has the core until their turn.
	if len(c.queue) > 0 {
		slice = min(slice, max(c.turn-s.now, 0))
	}
	s.agenda.put(t, s.now+slice, onSlice)
}

// interrupt makes a lock's holder, if it computes with checkpoints, stop at the next one. The next
// one counts from the beginning of the slice, so the time of a request decides nothing but which
// checkpoint it is: how pieces are cut changes nothing.
func (s *sim) interrupt(t *vthread) {
	if !t.computing || t.due != onSlice || t.op.Do != DoCompute {
		return
	}
	ran := max(s.now-t.slice, 0)
	end := t.slice + max((ran+s.machine.Check-1)/s.machine.Check, 1)*s.machine.Check
	if s.period > 0 {
		ticked := t.lock.ticked + ran
		end = t.slice + ran + (s.period-ticked%s.period)%s.period
	}
	if s.agenda.heap[t.place-1].at > end {
		s.agenda.put(t, end, onSlice)
	}
}

// account books what t has computed since begin, the costs that it paid included. Under Ticks only
// computing counts as ticks. It may be called in the middle of a slice, when the thread loses its
// core.
func (s *sim) account(t *vthread) {
	ran := s.now - t.slice + t.paid
	t.left -= ran
	t.Computed += ran
	if t.lock != nil && t.op.Do != DoRelease {
		t.Locked += ran
		if s.period > 0 && t.op.Do == DoCompute {
			t.lock.ticked += max(s.now-t.slice, 0)
		}
	}
	t.slice, t.paid = s.now, 0
}

// sliceEnded is when t has computed for as long as begin said. Why it ended is not kept: the state
// tells. More than one may hold, and the order is that of CPython's eval loop, where the checkpoint
// comes before the next instruction.
func (s *sim) sliceEnded(t *vthread) {
	s.account(t)
	locked := t.lock != nil && t.op.Do != DoRelease
	if locked && t.lock.holder != t {
		panic(fmt.Sprintf("gil: invariant broken: thread %d computes without the lock", t.number))
	}
	switch {
	case t.op.Do == DoRelease && t.left <= 0:
		s.take(t)
	case t.op.Do == DoCompute && locked && s.period > 0 && t.lock.ticked >= s.period && t.lock.wanted():
		s.tick(t)
	case t.op.Do == DoCompute && locked && s.policy.Checkpoint(t.lock.state(s.now)):
		s.drop(t)
	case t.left > 0:
		s.want(t)
	default:
		if t.op.Do == DoHold && s.watch != nil {
			t.show(s)
		}
		s.advance(t)
	}
}
