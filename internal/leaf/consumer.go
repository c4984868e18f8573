package leaf

import (
	"context"
	"runtime/trace"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/task"
)

// Consumer runs leaves of a lane on one goroutine, between JoinLocked and LeaveLocked. It holds a
// slot of the executor.
type Consumer struct {
	lane  *Lane
	index int
	first func()     // the leaf that it begins with
	found *task.Node // a node that it took out of the ring, for the executor

	_      [64]byte // its own cache line: one goroutine writes, once a leaf
	done   atomic.Uint64
	failed atomic.Uint64
	_      [64]byte
}

// JoinLocked makes c one of the lane's. It begins with a leaf that TakeLocked returned, and that is
// the lane's again. moved falls again, as the leaf is not the executor's.
func (l *Lane) JoinLocked(c *Consumer, first func()) {
	c.lane, c.index, c.first = l, len(l.consumers), first
	l.consumers = append(l.consumers, c)
	l.moved--
}

// LeaveLocked takes c out; its numbers stay. It returns the node that c has found, if any, which
// counts as the executor's from now on. The last consumer takes its place in the list, so that
// leaving costs the same however many there are.
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

// Run runs leaves until there are none, a node is next, or the executor calls. It always runs one
// leaf: otherwise all consumers could be called back before any makes room. The caller recovers
// what a leaf raises, and says Fail then.
func (c *Consumer) Run() {
	for fn := c.next(); fn != nil; fn = c.next() {
		if c.lane.called() { // whoever is blocked need not wait for the end of this leaf
			c.lane.of.Room()
		}
		run(fn)
		task.UnlockThread()
		count(&c.done)
	}
}

// next returns the next leaf; nil: c is to leave. A node that is next ends the run: it is started
// under the lock, by the executor.
func (c *Consumer) next() func() {
	if fn := c.first; fn != nil {
		c.first = nil
		return fn
	}
	if c.lane.called() {
		return nil
	}
	e, _ := c.lane.ring.Pop()
	c.found = e.Node
	return e.Leaf
}

func run(fn func()) {
	if trace.IsEnabled() {
		defer trace.StartRegion(context.Background(), "quartet task ").End()
	}
	fn()
}

// Fail counts the leaf that has just run as failed.
func (c *Consumer) Fail() { count(&c.failed) }

// count adds to a counter that nobody else writes.
func count(outcome *atomic.Uint64) { outcome.Store(outcome.Load() + 1) }
