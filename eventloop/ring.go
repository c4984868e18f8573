package eventloop

// ring is a FIFO of the loop's own goroutine that keeps its memory. Invariant: items[head:] are the
// waiting ones, and what lies before head is cleared. No lock: ticks and microtasks are queued on
// the loop only.
//
// Unlike queue it keeps one slice: ticks and microtasks come in short chains, and are taken at
// once.
type ring[T any] struct {
	items []T
	head  int
}

func (r *ring[T]) push(v T) {
	// An endless chain must not grow. At least half of the items are gone, so each push pays for
	// one move.
	if r.head >= 256 && 2*r.head >= len(r.items) { // an endless chain must not grow
		n := copy(r.items, r.items[r.head:])
		clear(r.items[n:])
		r.items, r.head = r.items[:n], 0
	}
	r.items = append(r.items, v)
}

func (r *ring[T]) pop() (v T, ok bool) {
	if r.head == len(r.items) {
		r.items, r.head = r.items[:0], 0
		return v, false
	}
	v, r.items[r.head] = r.items[r.head], v
	r.head++
	return v, true
}

func (r *ring[T]) empty() bool { return r.head == len(r.items) }
