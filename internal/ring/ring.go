// Package ring holds a bounded queue for many producers and many consumers that takes no lock: an
// array of slots with sequence numbers, after Dmitry Vyukov's bounded MPMC queue. What it adds is a
// gate, in the same word as the tail, so that "the queue is shut" and "the value is in" are one
// atomic decision.
//
// It keeps strict FIFO, and that is what limits it: all producers meet at one tail and all
// consumers at one head. On two cores this is cheaper than a mutex around a slice, which parks the
// loser of each race; on sixteen and more the two words are expected to become the bottleneck, and
// a ring per few cores, which gives up FIFO between them, the answer.
package ring

import "sync/atomic"

// cacheLine keeps the words of producers and consumers apart.
const cacheLine = 64

// Ring is a queue of at most as many values as New was told.
//
// Invariants: head <= tail position <= head + len(slots); a slot's seq only grows, and who has
// moved tail or head past a position owns that slot until it stores the next seq. That store
// publishes the value.
type Ring[T any] struct {
	slots []slot[T]
	mask  uint64
	limit uint64

	_    [cacheLine]byte
	tail atomic.Uint64 // position<<1 | gate
	seen atomic.Uint64 // a head that a producer has seen: the true one is no smaller
	_    [cacheLine]byte
	head atomic.Uint64
	_    [cacheLine]byte
}

// slot at index i is free for position p when seq is p, and holds the value of position p when seq
// is p+1. For a value of two words it fills a cache line, so that who pops a value and who pushes
// its neighbour do not take the line from each other: with 16 producers that is a fifth of the
// time.
type slot[T any] struct {
	seq   atomic.Uint64
	value T
	_     [cacheLine - 24]byte
}

const shut = 1

// New returns an open ring for limit values, which must be positive. Twice as many slots keep a
// consumer that is descheduled in the middle of a Pop from making the ring look full. A power of
// two, so that a position becomes an index by a mask.
func New[T any](limit int) *Ring[T] {
	size := 2
	for size < 2*limit {
		size *= 2
	}
	r := &Ring[T]{slots: make([]slot[T], size), mask: uint64(size - 1), limit: uint64(limit)}
	for i := range r.slots {
		r.slots[i].seq.Store(uint64(i))
	}
	return r
}

// Push appends v. It reports false when the ring is full or its gate shut. The common case reads
// seen and not head, which consumers write all the time.
func (r *Ring[T]) Push(v T) bool {
	for {
		tail := r.tail.Load()
		if tail&shut != 0 {
			return false
		}
		pos := tail >> 1
		if pos-r.seen.Load() >= r.limit && r.full(pos) {
			return false
		}
		s := &r.slots[pos&r.mask]
		if seq := s.seq.Load(); seq == pos {
			// The gate is a bit of the same word: had it been shut meanwhile, this would fail.
			if r.tail.CompareAndSwap(tail, tail+2) {
				s.value = v
				s.seq.Store(pos + 1)
				return true
			}
		} else if seq < pos { // its consumer of a whole round ago has not finished yet
			return false
		}
	}
}

// full looks at the true head, and remembers it. pos may be behind it by now: then others have
// pushed meanwhile.
func (r *Ring[T]) full(pos uint64) bool {
	head := r.head.Load()
	r.seen.Store(head)
	return pos-head >= r.limit && pos >= head
}

// Pop takes the oldest value. It reports false when there is none, or when the oldest one's Push
// has not finished. It gives up where the oldest Push has not finished: to take the next value
// instead would break the order.
func (r *Ring[T]) Pop() (v T, ok bool) {
	for {
		pos := r.head.Load()
		s := &r.slots[pos&r.mask]
		seq := s.seq.Load()
		if seq <= pos {
			return v, false
		}
		if seq == pos+1 && r.head.CompareAndSwap(pos, pos+1) {
			v = s.value
			// So that a value that was taken is not kept until the slot is used again.
			s.value = *new(T)
			s.seq.Store(pos + uint64(len(r.slots)))
			return v, true
		}
	}
}

// Ready reports whether Pop would find a value.
func (r *Ring[T]) Ready() bool {
	pos := r.head.Load()
	return r.slots[pos&r.mask].seq.Load() > pos
}

// Next returns the position that the next Push gets, if no other comes before it.
func (r *Ring[T]) Next() uint64 { return r.tail.Load() >> 1 }

// Counts returns how many values were pushed and popped at one moment. A Push that has not finished
// counts. head is read twice: if it has not moved, both numbers belong to one moment.
func (r *Ring[T]) Counts() (pushed, popped uint64) {
	for {
		popped = r.head.Load()
		pushed = r.Next()
		if r.head.Load() == popped {
			return pushed, popped
		}
	}
}

// Len returns how many values are in the ring.
func (r *Ring[T]) Len() int {
	pushed, popped := r.Counts()
	return int(pushed - popped)
}

// Shut makes every Push from now on fail. After it has returned, the ring only gets emptier.
func (r *Ring[T]) Shut() { r.tail.Or(shut) }

// Open takes Shut back.
func (r *Ring[T]) Open() { r.tail.And(^uint64(shut)) }
