// Package leaf is the way through a pool that takes no lock: a ring before the pool's queue, and
// the consumers that empty it. An entry of the ring is a leaf, a func without context and future,
// or a node.
//
//	Push ──> ring ──> Consumer.Run ──> ended            without the lock
//	          │            ▲   │
//	          └──> Take    │   └── Stand: a node that waits, is cancelled or listed is taken over
//	                       └── called back when the executor wants its slot
//
// Invariant: the gate is open only while nothing is queued behind the ring or blocked, and nobody
// shuts down. So the entries of the ring are older than the nodes in the queue at their level,
// which keeps the order of a submitter, and all other cases are decided under the executor's lock.
// Push, PushNode and Ready, and Consumer.Run, need no lock; everything that ends in Locked needs
// the executor's.
package leaf

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/ring"
	"github.com/quartet-go/quartet/internal/task"
)

// Func is a leaf as a job: a func value in an interface costs no allocation.
type Func func()

func (f Func) Run(context.Context) { f() }
func (f Func) Abandon(error)       {}

// Entry is what the ring holds: a leaf, or else a node.
type Entry struct {
	Leaf func()
	Node *task.Node
}

// Executor is whom a lane belongs to. The methods are called without its lock. A lane calls them
// from the goroutines of submitters and consumers.
type Executor interface {
	// Room says that a leaf which somebody waits for has left the ring.
	Room()
	// Timed says how long a sampled leaf waited and ran.
	Timed(wait, run time.Duration)
	// Now is the executor's clock.
	Now() time.Time
	// Sits says that a consumer runs n from now on: the executor takes it over if it has to.
	Sits(n *task.Node)
	// Feed says that there is an entry for which no consumer may be on its way.
	Feed()
}

// Lane is the ring with its gate, its consumers and its counters. The atomic fields are what both
// sides touch; each counter is written by one. Invariant: pushed = in the ring + moved + what
// consumers have taken. What a consumer runs is the rest, so that starting and ending an entry
// writes one counter of the consumer's own.
type Lane struct {
	of      Executor
	ring    *ring.Ring[Entry]
	limit   int
	samples *ring.Ring[*sample] // idle ones, taken and given back without the lock
	// Set under the lock when nothing was found, cleared by the one push that says so.
	hungry  atomic.Bool // the next push must say that it has come
	lingers atomic.Bool // a consumer looks for an entry, so that it need not
	// Written under the lock, read by consumers after each entry: most of the time it does not
	// change, and stays in their caches.
	low atomic.Int64 // how few entries call the consumers back: below 0 never

	// Guarded by the executor's lock.
	open      bool
	consumers []*Consumer
	done      uint64 // by consumers that have left
	failed    uint64 // likewise
	// Falls again when an entry goes back to a consumer: see JoinLocked.
	moved uint64 // taken, and counted by the executor
}

// Marks of CallLocked.
const (
	Never  = -1
	AtOnce = math.MaxInt64
)

// New returns an open lane for limit entries. It begins hungry, as no worker is there to look.
func New(of Executor, limit int) *Lane {
	l := &Lane{
		of: of, ring: ring.New[Entry](limit), limit: limit, samples: ring.New[*sample](limit/sampleEvery + 1),
		open: true,
	}
	l.hungry.Store(true)
	l.low.Store(Never)
	return l
}

// Push puts fn into the ring. It reports false when there is no room, or the gate is shut. One in
// sampleEvery carries a clock: by its number and not by chance, so that it costs a comparison.
func (l *Lane) Push(fn func()) bool {
	if l.ring.Next()%sampleEvery != 0 {
		return l.ring.Push(Entry{Leaf: fn})
	}
	s := l.sample(fn)
	if l.ring.Push(Entry{Leaf: s.run}) {
		return true
	}
	s.putBack()
	return false
}

// PushNode is Push for a node, whose state is Pushed. All that the submitter writes into n is
// written before: a consumer may have it at once.
func (l *Lane) PushNode(n *task.Node) bool { return l.ring.Push(Entry{Node: n}) }

// Next returns the number of the next entry, if no other comes before it.
func (l *Lane) Next() uint64 { return l.ring.Next() }

// Hungry reports whether the executor wants to know of the entry that has just been pushed. It says
// so to one. So of many producers that push at once, one wakes the executor. While a consumer
// lingers it looks at the ring itself, so nobody need be told.
func (l *Lane) Hungry() bool {
	return l.hungry.Load() && !l.lingers.Load() && l.hungry.CompareAndSwap(true, false)
}

// linger waits a little for an entry, for one consumer at a time. It reports whether there is one.
// A submitter that comes meanwhile need not wake anybody, and leaving costs more than a short task.
//
// The order decides: who pushes looks at lingers after the push, and the consumer at the ring after
// it has cleared lingers. So one of them sees the other.
func (l *Lane) linger() bool {
	if !l.lingers.CompareAndSwap(false, true) {
		return false
	}
	task.YieldUntil(func() bool { return l.ring.Ready() || l.called() }, task.ParkYields)
	l.lingers.Store(false)
	return l.ring.Ready() && !l.called()
}

// Ready reports whether an entry may start. One that is being pushed does not count.
func (l *Lane) Ready() bool { return l != nil && l.ring.Ready() }

// ListenLocked reports whether an entry may start; if not, the next one will find the lane hungry.
// It looks again after it has said so: an entry that came in between has found nobody hungry. It
// says true only of the look that decides, as a consumer may take the entry between two looks.
func (l *Lane) ListenLocked() bool {
	if l == nil {
		return false
	}
	if l.ring.Ready() {
		return true
	}
	l.hungry.Store(true)
	return l.ring.Ready()
}

// SetGateLocked opens or shuts the ring. Shutting is an atomic step of the ring: a Push is in
// before it, or is refused. open mirrors the bit in the ring, so that the common case, no change,
// touches nothing that pushes touch.
func (l *Lane) SetGateLocked(open bool) {
	switch {
	case open == l.open:
		return
	case open:
		l.ring.Open()
	default:
		l.ring.Shut()
	}
	l.open = open
}

// PushLocked puts fn into the ring whatever the gate: the caller knows that nothing is queued
// behind it.
func (l *Lane) PushLocked(fn func()) bool {
	if l.open {
		return l.ring.Push(Entry{Leaf: fn})
	}
	l.ring.Open()
	defer l.ring.Shut()
	return l.ring.Push(Entry{Leaf: fn})
}

// TakeLocked takes the oldest entry, which counts as the executor's from now on. The executor
// accounts for the entry from here on: as running, as abandoned, or as queued elsewhere.
func (l *Lane) TakeLocked() (e Entry, ok bool) {
	if l == nil {
		return e, false
	}
	if e, ok = l.ring.Pop(); ok {
		l.moved++
	}
	return e, ok
}

// CallLocked has consumers come back once no more than low entries are left. The store is left out
// if it changes nothing, since consumers read this word after each leaf.
func (l *Lane) CallLocked(low int64) {
	if l.low.Load() != low {
		l.low.Store(low)
	}
}

// called reports whether the executor wants the slot back. Len may be a moment old. That only makes
// a consumer come back one entry too early or too late.
func (l *Lane) called() bool {
	low := l.low.Load()
	return low >= 0 && int64(l.ring.Len()) <= low
}

// Limit is how many entries the ring holds.
func (l *Lane) Limit() int { return l.limit }

// Len is how many entries wait.
func (l *Lane) Len() int {
	if l == nil {
		return 0
	}
	return l.ring.Len()
}

// UnfinishedLocked counts a consumer as running a leaf. For a bound it may be too high by the
// consumers that are just looking for an entry, never too low.
func (l *Lane) UnfinishedLocked() int {
	if l == nil {
		return 0
	}
	return l.ring.Len() + len(l.consumers)
}

// AddToLocked adds what the executor has not counted itself. The counters are read before the
// ring's, so that the difference, the running leaves, is never negative. Leaves that ended in
// between count as done.
func (l *Lane) AddToLocked(s *quartet.Stats) {
	if l == nil {
		return
	}
	done, failed := l.done, l.failed
	for _, c := range l.consumers {
		done += c.done.Load()
		failed += c.failed.Load()
	}
	pushed, popped := l.ring.Counts()
	running := min(popped-l.moved-done-failed, uint64(len(l.consumers)))
	s.Submitted += pushed - l.moved
	s.Queued += pushed - popped
	s.Running += running
	s.Failed += failed
	s.Done += popped - l.moved - running - failed
}
