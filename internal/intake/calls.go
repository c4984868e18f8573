package intake

import (
	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// A call runs on its submitter's goroutine, and never queues. It begins under the lock, by
// CallLocked; or without it, by BeginCall, while nothing is queued that it could overtake or keep
// waiting. Then it sits in a seat, stands in none of the lists, and the seat counts it. Whoever
// needs such a call under the lock adopts it: from then on it is as if it had begun under the lock.
//
// A call from outside takes a seat of in.callers, and with it one of the executor's free slots:
// those are lent to the seats whenever the lock is free. A nested one runs in its parent's slot; it
// takes a seat of in.nested, which stay open while the lock is held.

// Call is a call that BeginCall has begun. It is a value on the stack of the goroutine that calls,
// so that a Do without the lock allocates nothing for it.
type Call struct {
	in           *Intake
	from         *seats
	seat         *seat
	node, parent *task.Node
}

// initCalls prepares the seats, where calls may begin without the lock at all. ExactTimes,
// RejectLate and Around need each node at its start, which a seat does not give.
func (in *Intake) initCalls() {
	cfg := &in.cfg
	if cfg.Adopted == nil || cfg.ExactTimes || cfg.RejectLate || cfg.Around != nil {
		return
	}
	in.callers, in.nested = newSeats(), newSeats()
	in.setNestedLocked()
	in.lendSlotsLocked()
}

// lendSlotsLocked lends the free slots to the seats, unless somebody is to be told of each slot
// that comes free. A queued node, a visitor at the door, a task that comes back for its slot or an
// observer each needs to hear of a slot that comes free, and a caller that leaves its seat tells
// nobody.
func (in *Intake) lendSlotsLocked() {
	if in.callers == nil || in.phase != open || in.observers.Load() != nil ||
		in.LenLocked() > 0 || in.door.busy() || in.cfg.Calls() {
		return
	}
	// A seat that is lent counts as a slot that is taken, until the next Lock takes the free ones
	// back.
	n := min(in.cfg.Free(), in.cfg.InFlight-in.inFlightLocked())
	if n > 0 || in.callers.out != 0 {
		in.callers.openLocked(max(0, n))
	}
}

// setNestedLocked opens or shuts the seats of nested calls. They need no slot, so Unlock has
// nothing to lend to them; only a stop and an observer shut them.
func (in *Intake) setNestedLocked() {
	switch {
	case in.nested == nil:
	case in.phase != open || in.observers.Load() != nil:
		in.nested.shutLocked()
	case in.nested.free.Load() == 0:
		in.nested.openLocked(maxSeats)
	}
}

// CallersLocked is how many slots the calls in seats have.
func (in *Intake) CallersLocked() int { return in.callers.takenLocked() }

// seatedLocked is how many calls sit in seats. The nested ones count as unfinished, but have no
// slot: CallersLocked leaves them out.
func (in *Intake) seatedLocked() int { return in.callers.takenLocked() + in.nested.takenLocked() }

// addCallsLocked adds the calls that have begun without the lock. A nested one runs in place of its
// parent, which the lists have as running. A call that ends between the two readings is missed in
// one of them or counted in both; Submitted follows whatever was read, so the sum holds.
func (in *Intake) addCallsLocked(s *quartet.Stats) {
	running, waiting := uint64(in.callers.takenLocked()), uint64(in.nested.takenLocked())
	s.Running += running
	s.Waiting += waiting
	s.Submitted += running + waiting
	for _, t := range [...]*seats{in.callers, in.nested} {
		done, failed := t.endedLocked()
		s.Done += done
		s.Failed += failed
		s.Submitted += done + failed
	}
}

// BeginCall is CallLocked without the lock. It reports false where that is impossible. parent is
// the task that runs on the calling goroutine, and waits meanwhile; nil: none does. The cheap
// questions come first. Whatever only the lock can answer exactly (a level, a turnstile, an
// executor's own data) is a reason to say no; the caller asks again under the lock then.
func (in *Intake) BeginCall(n, parent *task.Node) (c Call, begun bool) {
	if in.callers == nil || n.Level != Normal || n.Stile != nil || n.Data != nil || n.Parent().Err() != nil {
		return c, false
	}
	from := in.callers
	if parent != nil {
		from = in.nested
	}
	if parent == nil && in.lane.Len() > 0 || parent != nil && parent.Level < n.Level {
		return c, false
	}
	s := from.take()
	if s == nil {
		return c, false
	}
	c = Call{in, from, s, n, parent}
	// By the seat's own count: a counter of all would be a cache line that all calls write to.
	if s.taken%sampleEvery == 1 { // its times are taken, under the lock
		n.Stamp = in.now()
	}
	if n.Stamp != 0 || parent != nil && !replace(parent) {
		c.leave()
		return c, false
	}
	c.begin()
	return c, true
}

// replace has a task that runs wait for its call. It fails if a foreign goroutine has lent the
// parent's slot by the parent's context; then the parent's slot is not there to run in.
func replace(parent *task.Node) bool {
	was := parent.State()
	return (was == task.Running || was == task.Claimed) && parent.Move(was, task.Waiting)
}

// The order decides: the node sits before the look at stopping and at the observers, and a stop, or
// a Watch, sets these before it looks at the seats. So one of them sees the other.
func (c *Call) begin() {
	in, n := c.in, c.node
	n.Settle(&in.home)
	n.Flags |= task.OnCaller
	n.Lane = int32(c.seat.index)
	n.Claim()
	c.seat.sit(n, c.parent)
	if in.stopping.Load() || in.observers.Load() != nil { // who has set it may have looked too early
		in.adopt(n)
	}
}

// adopt takes the lock for adoptLocked, and cancels n if all that was accepted is cancelled.
// Cancelled comes after the unlock, as it runs the callbacks of the context. It is called by the
// node's own goroutine, so n cannot end meanwhile.
func (in *Intake) adopt(n *task.Node) {
	in.Lock()
	in.adoptLocked(n)
	cancelled := in.phase == closed
	in.Commit()
	if cancelled {
		n.Cancel(quartet.ErrClosed)
	}
}

// End takes the call back, whose node has ended. It reports false when the call has been adopted:
// then it has to end under the lock. stand is the step that decides between this call and somebody
// who adopts it: only one of them gets the node. The one that loses leaves the seat alone.
func (c *Call) End() bool {
	if _, sat := c.seat.stand(c.node); !sat {
		return false
	}
	// Before leave: the next call in this seat counts there too, and only one goroutine may at a
	// time.
	c.seat.count(c.node)
	if c.parent != nil {
		c.seat.clear()
		c.parent.Move(task.Waiting, task.Running) // else a foreign goroutine has called, and the task has ended
	}
	c.leave()
	return true
}

// leave gives the seat back. Open seats take it back by an atomic step. Shut ones mean that
// somebody has the lock or wants to hear of the slot, so it is given back there: then a queued node
// may start in it, and a stop may end.
func (c *Call) leave() {
	if c.from.leave(c.seat) {
		return
	}
	in := c.in
	in.Lock()
	in.vacateLocked(c.from, c.seat)
	in.MakeRoomLocked()
	in.wakeDrainedLocked()
	in.Commit()
}

// vacateLocked gives a seat back, whether they are shut or not. Both are asked, since the nested
// seats stay open while the lock is held and the others are shut.
func (in *Intake) vacateLocked(from *seats, s *seat) {
	if !from.leave(s) {
		from.vacateLocked(s)
	}
}

// adoptLocked makes a node that runs, and that the lists do not have, one that has begun under the
// lock: a call that sits in a seat, with its parent, or a node that a consumer of the lane runs.
func (in *Intake) adoptLocked(n *task.Node) {
	parent, sat := in.standLocked(n)
	switch {
	case !sat:
		in.adoptFromLaneLocked(n)
		return
	case parent == nil:
		in.cfg.Adopted(n)
	default:
		in.adoptWaitingLocked(parent)
		n.Lane = parent.Lane
	}
	in.countAdoptedLocked(n)
}

// adoptFromLaneLocked is adoptLocked for a node that a consumer of the lane runs. The consumer
// leaves, and its slot and its hold are the node's. The hold is what NextLocked took for the
// consumer; the node has one of its own by numberLocked.
func (in *Intake) adoptFromLaneLocked(n *task.Node) {
	if in.lane != nil && in.lane.StandLocked(in.cfg.Consumer(n), n) {
		in.countAdoptedLocked(n)
		in.ReleaseLocked(1)
	}
}

// countAdoptedLocked counts n as a node that runs. It has been running for some time, so it is
// neither timed nor told of as queued or started: an observer sees only its later steps.
func (in *Intake) countAdoptedLocked(n *task.Node) {
	in.numberLocked(n)
	in.stats.Running++
	in.started.Push(n)
	n.In = &in.started
}

// standLocked has n stand up from the seat where it sits, if it does. A node from a seat has the
// seat's index as its Lane, in either table: both are tried, and stand finds out by the pointer. A
// stand that fails changes nothing, since the CAS compares the node.
func (in *Intake) standLocked(n *task.Node) (parent *task.Node, sat bool) {
	if in.callers == nil || !n.Is(task.OnCaller) {
		return nil, false
	}
	for _, from := range [...]*seats{in.callers, in.nested} {
		s := &from.seat[n.Lane%maxSeats] // another number, of a lane, leads to a seat of another
		if parent, sat = s.stand(n); sat {
			s.clear()
			in.vacateLocked(from, s)
			return parent, true
		}
	}
	return nil, false
}

// adoptWaitingLocked has the lists say that the parent of a call waits, unless it has ended. A
// chain of nested calls is adopted from its outermost task on, since each needs its parent's lane.
func (in *Intake) adoptWaitingLocked(parent *task.Node) {
	if parent.In == nil {
		in.adoptLocked(parent)
	}
	if parent.In == &in.started && parent.State().Suspended() {
		in.countWaitingLocked(parent)
	}
}

// adoptAllLocked adopts all calls in seats, and all nodes that consumers of the lane run. A node
// that sits down meanwhile looks at stopping and observers itself.
func (in *Intake) adoptAllLocked() {
	for n := range in.lane.SittingLocked {
		in.adoptFromLaneLocked(n)
	}
	for _, t := range [...]*seats{in.callers, in.nested} {
		for n := range t.sitting {
			in.adoptLocked(n)
		}
	}
}

// CallLocked accepts n and claims it at once, for its submitter's goroutine: it never queues.
// parent, if any, is the task that runs there, and waits meanwhile. It reports false when a
// turnstile or InFlight keeps n from that. Level and order are the caller's to check: it knows
// whether anybody queued would be overtaken. The executor counts the slot itself, as only a call
// from outside takes one.
func (in *Intake) CallLocked(n, within, parent *task.Node) (begun bool, refused error) {
	if err := in.refusedLocked(n, within); err != nil {
		in.stats.Rejected++
		return false, err
	}
	// A call needs a place at its key like others; if it gets none it has to queue, and takes the
	// ordinary way.
	in.takePlaceLocked(n)
	if n.Shut() != nil || within == nil && in.inFlightLocked() >= in.cfg.InFlight {
		forgetKeyLocked(n.Stile)
		return false, nil
	}
	n.Settle(&in.home)
	n.Flags |= task.OnCaller
	if !n.Claim() {
		forgetKeyLocked(n.Stile)
		return false, nil
	}
	n.Advance()
	in.countLocked(n)
	in.stepLocked(quartet.EventQueued, n, n.Stamp)
	if parent != nil {
		in.waitsLocked(parent)
		n.Lane = parent.Lane
	}
	in.beginLocked(n)
	return true, nil
}

// EndCallLocked is EndLocked for a node that CallLocked began; its parent goes on. parent is never
// nil: a call from outside has none, and ends by EndLocked.
func (in *Intake) EndCallLocked(n, parent *task.Node) {
	in.EndLocked(n)
	in.goesOnLocked(parent)
}
