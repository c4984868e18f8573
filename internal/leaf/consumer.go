package leaf

import (
	"context"
	"runtime/trace"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/task"
)

// Consumer runs the entries of a lane on one goroutine, between JoinLocked and LeaveLocked. It
// holds a slot of the executor.
//
// A node runs here as one in a seat does: it stands in none of the executor's lists, and the
// consumer counts it. Whoever needs it under the lock takes it over by StandLocked. From then on it
// is as if it had started under the lock, and the consumer's slot is its own.
type Consumer struct {
	Number int32 // of its goroutine: the Lane of its nodes; fixed before it joins
	lane   *Lane
	index  int
	// entry, found and adopted belong to the consumer's goroutine, also in LeaveLocked. StandLocked
	// touches found only while a node runs, when nobody else does.
	entry   Entry      // what runs, or is to run first
	found   *task.Node // a node that it took out of the ring, and that has to start under the lock
	adopted *task.Node // a node that ran here, was taken over, and has ended

	_      [64]byte                  // its own cache line: one goroutine writes, once an entry
	seat   atomic.Pointer[task.Node] // the node that runs, as others see it
	done   atomic.Uint64
	failed atomic.Uint64
	_      [64]byte
}

// JoinLocked makes c one of the lane's. It begins with an entry that TakeLocked returned, and that
// is the lane's again. moved falls again, as the entry is not the executor's. c must not be a
// consumer already, and its counters are 0: LeaveLocked has taken them.
func (l *Lane) JoinLocked(c *Consumer, first Entry) {
	c.lane, c.index, c.entry = l, len(l.consumers), first
	l.consumers = append(l.consumers, c)
	l.moved--
}

// LeaveLocked takes c out; its numbers stay. It returns the node that c has found, if any, which
// counts as the executor's from now on. The last consumer takes its place in the list, so that
// leaving costs the same however many there are. After StandLocked has taken c out, its own
// goroutine must not call this a second time: Adopted tells it so.
func (l *Lane) LeaveLocked(c *Consumer) (found *task.Node) {
	l.done += c.done.Swap(0)
	l.failed += c.failed.Swap(0)
	last := len(l.consumers) - 1
	l.consumers[c.index] = l.consumers[last]
	l.consumers[c.index].index = c.index
	l.consumers = l.consumers[:last]
	if found, c.found = c.found, nil; found != nil {
		l.moved++
	}
	return found
}

// StandLocked takes n over, if c runs it, and takes c out: n counts as the executor's from now on.
// It reports false when c does not run n, or n has ended. The step decides between it and end, by
// which the consumer takes its own node out. Only one of them succeeds, and it alone counts the
// node.
func (l *Lane) StandLocked(c *Consumer, n *task.Node) bool {
	if c == nil || !c.seat.CompareAndSwap(n, nil) {
		return false
	}
	l.LeaveLocked(c)
	l.moved++
	return true
}

// SittingLocked yields the nodes that consumers run. A consumer that starts a node meanwhile may be
// missed. Whoever needs all of them sets a flag first, at which Sits looks.
func (l *Lane) SittingLocked(yield func(*task.Node) bool) {
	if l == nil {
		return
	}
	for i := len(l.consumers) - 1; i >= 0; i-- { // StandLocked may take this one out
		if n := l.consumers[i].seat.Load(); n != nil && !yield(n) {
			return
		}
	}
}

// Run runs entries until there are none, the executor calls, a node has to start under the lock, or
// one was taken over. It always runs one entry that can start: otherwise all consumers could be
// called back before any makes room. A panic or a Goexit of an entry passes through: the caller
// says Fail then. It is called without the lock, on the worker's goroutine.
func (c *Consumer) Run() {
	for c.next() {
		if c.lane.called() { // whoever is blocked need not wait for the end of this entry
			c.lane.of.Room()
		}
		c.entry.run()
		task.UnlockThread()
		c.end()
	}
}

// Adopted returns the ended node that was taken over, once; nil: there is none, and c is the lane's
// still.
func (c *Consumer) Adopted() *task.Node {
	n := c.adopted
	c.adopted = nil
	return n
}

// next makes the next entry c's, and starts it if it is a node. It reports false when c is to
// leave. A consumer whose node was taken over has no slot any more, so it must not take another
// entry.
func (c *Consumer) next() bool {
	if c.entry.none() && (c.adopted != nil || c.lane.called() || !c.pop()) {
		return false
	}
	if n := c.entry.Node; n != nil && !c.start(n) {
		c.found, c.entry = n, Entry{}
		return false
	}
	return true
}

// pop takes the next entry, and waits a little for one. Who has waited was told of no entry, so
// that it tells the executor if there is more than one.
func (c *Consumer) pop() (ok bool) {
	l := c.lane
	if c.entry, ok = l.ring.Pop(); !ok && l.linger() {
		if c.entry, ok = l.ring.Pop(); ok && l.ring.Ready() {
			l.of.Feed()
		}
	}
	return ok
}

// start claims n. It reports false where that needs the lock: n is timed, or may not start any
// more. The node is shown in the seat before Sits looks at the flags of the executor: who sets a
// flag and then looks at the seats sees the node, or is seen.
func (c *Consumer) start(n *task.Node) bool {
	if n.Stamp != 0 || n.Parent().Err() != nil || !n.Move(task.Pushed, task.Claimed) {
		return false
	}
	n.Lane = c.Number
	c.seat.Store(n)
	c.lane.of.Sits(n)
	return true
}

// end ends the entry that has run, and counts it, unless it is a node that was taken over.
func (c *Consumer) end() {
	n := c.entry.Node
	c.entry = Entry{}
	if n != nil {
		n.End()
		if !c.seat.CompareAndSwap(n, nil) {
			c.adopted = n
			return
		}
	}
	if n != nil && n.HasFailed() {
		count(&c.failed)
	} else {
		count(&c.done)
	}
}

// Fail ends the entry that has just run, as failed. It returns the node, or nil. It is for the
// worker's recover: the entry has unwound past end.
func (c *Consumer) Fail() (n *task.Node) {
	if n = c.entry.Node; n != nil {
		n.Fail()
		c.end()
		return n
	}
	c.entry = Entry{}
	count(&c.failed)
	return nil
}

// none reports whether there is no entry.
func (e *Entry) none() bool { return e.Leaf == nil && e.Node == nil }

// A leaf has no node, and so makes its own region of the trace.
func (e *Entry) run() {
	if e.Node != nil {
		task.Unlabel()
		e.Node.Run()
		return
	}
	if trace.IsEnabled() {
		defer trace.StartRegion(context.Background(), "quartet task ").End()
	}
	e.Leaf()
}

// count adds to a counter that nobody else writes. Load and store in place of an addition: one
// writer needs no more, and it costs less.
func count(outcome *atomic.Uint64) { outcome.Store(outcome.Load() + 1) }
