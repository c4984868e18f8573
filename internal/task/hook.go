package task

import "sync"

// Hook has a Listener told of the end of a future. It is in one future's Hooks at a time, so that a
// wait costs no more than what it brings along. The waiter owns the memory, and the list only links
// it.
//
// Its owner reuses it for wait after wait. The two lists of a hook's life: in a future's Hooks
// until the end or a removal; then, once the end has begun, in the chain that TakeLocked returned,
// which belongs to the ending goroutine.
type Hook struct {
	Listener     Listener
	older, newer *Hook
	in           bool
	Stays        bool // it is the newest whatever is added; the future's own Done channel is found by that
}

// Listener is told, on the goroutine that ends a future, that it has ended. It must not block: the
// listeners after it wait.
type Listener interface{ Ended() }

// Hooks are who is to be told. Invariant, under mu: before the end each added hook is in the list;
// the end empties it.
type Hooks struct {
	// mu guards last, the links of the hooks, and the outcome while that is written. Hooks are
	// called after it was released.
	mu   sync.Mutex
	last *Hook
}

// Lock takes the lock of the list, which also guards the outcome while it is written.
func (l *Hooks) Lock() { l.mu.Lock() }

// Unlock releases it.
func (l *Hooks) Unlock() { l.mu.Unlock() }

// AddLocked adds h as the newest hook, but for one that stays the newest. A future that has ended
// must not get one; its caller looks under the same lock.
func (l *Hooks) AddLocked(h *Hook) {
	h.older, h.newer, h.in = l.last, nil, true
	if stays := l.last; stays != nil && stays.Stays {
		h.older, h.newer = stays.older, stays
		stays.older = h
	} else {
		l.last = h
	}
	if h.older != nil {
		h.older.newer = h
	}
}

// NewestLocked returns the hook that was added last, or nil.
func (l *Hooks) NewestLocked() *Hook { return l.last }

// RemoveLocked takes h out. It reports false when h is not in the list. false means that the
// listener has been told, or will be: whoever gave it memory must wait for that.
func (l *Hooks) RemoveLocked(h *Hook) bool {
	if !h.in {
		return false
	}
	if h.newer != nil {
		h.newer.older = h.older
	} else {
		l.last = h.older
	}
	if h.older != nil {
		h.older.newer = h.newer
	}
	*h = Hook{Listener: h.Listener, Stays: h.Stays}
	return true
}

// TakeLocked empties the list and returns the oldest hook; Next leads to the others. in falls for
// all of them now: a RemoveLocked that comes later finds that it is too late. It walks from the
// newest back to the oldest, the order in which they are linked, and leaves the links for Next.
func (l *Hooks) TakeLocked() (first *Hook) {
	for h := l.last; h != nil; h = h.older {
		h.in = false
		first = h
	}
	l.last = nil
	return first
}

// Next returns the hook that was added after h, and lets go of h, whose Listener may use it again
// from then on. It is called before the listener is told: that may use the hook for its next wait
// at once.
func (h *Hook) Next() (next *Hook) {
	next = h.newer
	h.newer, h.older = nil, nil
	return next
}
