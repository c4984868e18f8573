package intake

import (
	"math/bits"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/task"
)

// seats are where calls run that have begun without the lock: one word says which are free, so that
// a call takes one, and leaves it, by one CAS each. Who holds the lock shuts them, and then nothing
// changes but what it changes itself: to take a seat fails, and who leaves one must come to the
// lock.
//
// Invariant, while shut: out are the seats that are taken. While open: the taken ones are those of
// all, the ones that were free at the opening or out then, which are not free now.
//
// Rejected: a counter of free slots. It would say how many calls run, but not which: a stop has to
// cancel them, and a list has to show them.
//
// all and out are read and written under the lock only. free is the one word that callers change
// without it.
type seats struct {
	free atomic.Uint64 // a bit for each that is free, and the bit opened; 0: shut
	all  uint64
	out  uint64
	seat [maxSeats]seat
}

// 63 seats leave one bit of the word, which tells "open, and all are taken" from "shut".
const (
	maxSeats = 63
	opened   = 1 << maxSeats
)

// seat is one of them. Only the call that has taken it writes to it, but for node. done and failed
// are read by others at any time; the one writer adds by load and store, which costs less than an
// atomic addition.
type seat struct {
	node   atomic.Pointer[task.Node] // who sits there; nil: somebody who has just come, or is about to leave
	parent atomic.Pointer[task.Node] // of that one, in whose slot it runs
	done   atomic.Uint64
	failed atomic.Uint64
	taken  uint64   // how often
	index  int      // fixed
	_      [16]byte // the rest of a cache line
}

func newSeats() *seats {
	s := &seats{}
	for i := range s.seat {
		s.seat[i].index = i
	}
	return s
}

// take returns a free seat, or nil. It takes the lowest free one, so that few calls at once touch
// few cache lines. taken is written by whoever has the seat, and so without a race.
func (s *seats) take() *seat {
	for {
		free := s.free.Load()
		if free <= opened {
			return nil
		}
		first := free & -free
		if s.free.CompareAndSwap(free, free&^first) {
			c := &s.seat[bits.TrailingZeros64(first)]
			c.taken++
			return c
		}
	}
}

// leave gives c back. It reports false when the seats are shut: then vacateLocked does that. A seat
// that was taken before a shut and is left after the next opening is given back by the same step:
// openLocked left its bit out, and here it comes back in. So the number of seats that may be taken
// grows by one just when the slot comes free.
func (s *seats) leave(c *seat) bool {
	for {
		free := s.free.Load()
		if free == 0 {
			return false
		}
		if s.free.CompareAndSwap(free, free|1<<c.index) {
			return true
		}
	}
}

// shutLocked shuts the seats. The swap is the last moment at which a call may have taken a seat;
// out is exact from then on. It does nothing if they are shut.
func (s *seats) shutLocked() {
	if s.free.Load() != 0 {
		s.out = s.all &^ s.free.Swap(0)
	}
}

// openLocked opens the seats, which are shut, for n more calls. Seats that are still out keep their
// bits clear, whatever their numbers; free ones are added from the lowest on until n are free.
func (s *seats) openLocked(n int) {
	n = min(n, maxSeats-bits.OnesCount64(s.out))
	free := uint64(1)<<min(n+bits.OnesCount64(s.out), maxSeats) - 1
	for free &^= s.out; bits.OnesCount64(free) > n; { // a few, as seats are taken from the first on
		free &^= 1 << (bits.Len64(free) - 1)
	}
	s.all = free | s.out
	s.free.Store(free | opened)
}

// vacateLocked is leave while they are shut. It is for seats that are shut; open ones take a seat
// back by leave.
func (s *seats) vacateLocked(c *seat) { s.out &^= 1 << c.index }

// takenLocked is how many are taken, also while they are open. While they are open it is a
// snapshot: only the nested ones are asked then.
func (s *seats) takenLocked() int {
	if s == nil {
		return 0
	}
	if free := s.free.Load(); free != 0 {
		return bits.OnesCount64(s.all &^ free)
	}
	return bits.OnesCount64(s.out)
}

// endedLocked is how many calls have ended in their seats. 63 pairs of loads, paid by those who ask
// for Stats.
func (s *seats) endedLocked() (done, failed uint64) {
	if s == nil {
		return 0, 0
	}
	for i := range s.seat {
		done += s.seat[i].done.Load()
		failed += s.seat[i].failed.Load()
	}
	return done, failed
}

// sitting yields the nodes that sit. A node that sits down or stands up meanwhile may be missed. A
// stop, which needs all of them, sets stopping first, at which each looks that has sat down.
func (s *seats) sitting(yield func(*task.Node) bool) {
	if s == nil {
		return
	}
	for i := range s.seat {
		if n := s.seat[i].node.Load(); n != nil && !yield(n) {
			return
		}
	}
}

// sit makes n the one that is seen at c. The parent first: whoever sees the node reads the parent
// then.
func (c *seat) sit(n, parent *task.Node) {
	if parent != nil {
		c.parent.Store(parent)
	}
	c.node.Store(n)
}

// stand reports whether n, which sat at c, sits there still, and has it seen no more. parent is who
// that came with. The parent is read first, as the seat may be somebody else's right after the
// step. If the step fails, it means nothing.
func (c *seat) stand(n *task.Node) (parent *task.Node, sat bool) {
	parent = c.parent.Load()
	return parent, c.node.CompareAndSwap(n, nil)
}

// clear keeps nothing of who has sat there. It is called by whoever has stood the node up, before
// the seat goes back.
func (c *seat) clear() {
	if c.parent.Load() != nil {
		c.parent.Store(nil)
	}
}

// count counts n, which has ended at c.
func (c *seat) count(n *task.Node) {
	if n.HasFailed() {
		c.failed.Store(c.failed.Load() + 1)
	} else {
		c.done.Store(c.done.Load() + 1)
	}
}
