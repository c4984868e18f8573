package intake

import (
	"context"
	"runtime/trace"
	"sync/atomic"
)

// Consumer runs leaves of the ring on one goroutine, between Consume and Leave. It holds a slot of the executor.
type Consumer struct {
	in    *Intake
	index int
	begun bool // it has run a leaf

	_      [64]byte // its own cache line: one goroutine writes, once a leaf
	done   atomic.Uint64
	failed atomic.Uint64
	_      [64]byte
}

// Consume is locked: c begins to run leaves, if it is their turn. It reports false otherwise.
func (in *Intake) Consume(c *Consumer) bool {
	if _, leaf := in.next(); !leaf {
		return false
	}
	c.in, c.index, c.begun = in, len(in.fast.consumers), false
	in.fast.consumers = append(in.fast.consumers, c)
	in.Hold()
	in.starts++
	return true
}

// Leave is locked: c runs no leaves any more.
func (in *Intake) Leave(c *Consumer) {
	f := in.fast
	f.done += c.done.Swap(0)
	f.failed += c.failed.Swap(0)
	last := len(f.consumers) - 1
	f.consumers[c.index] = f.consumers[last]
	f.consumers[c.index].index = c.index
	f.consumers = f.consumers[:last]
	in.roomy = true
	in.Release(1)
}

// Run runs leaves until there are none, or the executor calls. One it runs in any case: else all consumers could come back
// for ever, each without having made the room that they are called for. The caller recovers what a leaf raises, and says
// Fail then.
func (c *Consumer) Run() {
	f := c.in.fast
	for !c.begun || !f.called() {
		c.begun = true
		fn, ok := f.ring.Pop()
		if !ok {
			return
		}
		if f.called() { // whoever is blocked need not wait for the end of this leaf
			c.in.Lock()
			c.in.MakeRoom()
			c.in.Unlock()
		}
		c.run(fn)
		count(&c.done)
	}
}

func (c *Consumer) run(fn func()) {
	if trace.IsEnabled() {
		defer trace.StartRegion(context.Background(), "quartet task ").End()
	}
	fn()
}

// Fail counts the leaf that has just run as failed.
func (c *Consumer) Fail() { count(&c.failed) }

// count adds to a counter that nobody else writes.
func count(outcome *atomic.Uint64) { outcome.Store(outcome.Load() + 1) }

// called reports whether the executor wants the slot back.
func (f *fastLane) called() bool {
	low := f.low.Load()
	return low >= 0 && int64(f.ring.Len()) <= low
}
