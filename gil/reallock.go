package gil

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// lock is the lock of goroutines: take_gil and drop_gil of ceval_gil.c, with what differs between
// policies asked of one. It is not built on a mutex of Go's, since a policy needs to know who waits
// and how long, and to hand the lock to one of them.
//
// Invariant, whenever mu is free: where held is false and waiters is not empty, flying is positive:
// release sets the lock free and wakes the first in one section. ticker runs exactly if some waiter
// has a deadline.
type lock struct {
	policy Policy
	scale  time.Duration
	began  time.Time
	// Written by the holder alone, without mu; read by anybody.
	running atomic.Pointer[task.Node] // with the lock

	_    [64]byte    // what every checkpoint looks at has a cache line of its own
	drop atomic.Bool // the policy may want a drop at the next checkpoint
	_    [63]byte

	// mu guards the fields below: the simulated lock is this record of who holds it, not a mutex
	// that a thread keeps. It is held for a step of the policy's algorithm, never while a thread
	// runs.
	mu    sync.Mutex
	held  bool
	asked bool
	last  any
	// Without mu too, since only the holder counts.
	ticks    int // since it was taken; the holder's
	switches uint64
	waiters  []*waiter       // those that sleep, the first to be woken first
	flying   int             // woken, not there yet
	switched []chan struct{} // who dropped the lock on request, until another has it (switch_cond)
	ticker   *time.Timer     // runs while somebody waits
	takes    uint64
	dog      watchdog // the same
	slow     func(error)

	// For Contention.
	forced  uint64
	waits   quartet.Histogram
	series  map[*task.Node]*series // by victim
	convoys atomic.Int32           // len(series)
}

// waiter is one wait for the lock. lock's mu guards it, but ready, on which its goroutine sleeps.
type waiter struct {
	id       any
	ready    chan struct{} // gets one value, from wakeFirstLocked; has room, so that the sender never waits
	granted  bool          // the lock is its own
	before   uint64
	deadline time.Time
	since    time.Time
	culprit  *task.Node // the holder that it had to ask
}

// stateLocked returns what the policy may see.
func (l *lock) stateLocked() LockState {
	return LockState{
		Now: time.Since(l.began) / l.scale, Held: l.held, Requested: l.asked, Waiters: len(l.waiters),
		Switches: l.switches,
	}
}

// reviewLocked: the holder is to look into it at its next checkpoint, if the policy wants a drop.
// It is called after each change that a policy could answer differently to: a new waiter, a
// request, a new holder.
func (l *lock) reviewLocked() {
	l.drop.Store(l.policy.Checkpoint(l.stateLocked()) || l.policy.Traits().Ticks > 0)
}

// take is take_gil: it sleeps while the lock is held, and may lose the race for it after each
// wake-up. id is the node of a thread or, for a thread's first turn, anything that is not equal to
// one.
func (l *lock) take(id any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slept := false
	for l.held {
		if l.sleepLocked(id) {
			return
		}
		slept = true
	}
	// It got the lock at once, so a series of long waits is over.
	if !slept {
		l.endSeriesLocked(id)
	}
	l.ownLocked(id)
}

// ownLocked: the free lock is id's.
func (l *lock) ownLocked(id any) {
	l.held, l.asked, l.ticks = true, false, 0
	l.takes++
	// A thread that takes its own lock again has not switched, as switch_number in CPython.
	if l.last != id {
		l.last = id
		l.switches++
	}
	l.reviewLocked()
	for _, c := range l.switched {
		close(c)
	}
	l.switched = nil
}

// begins says that n is the thread which has taken the lock for its first turn, when nobody knew
// its task yet. Otherwise its own next take would count as a switch, and the first turn of the next
// new thread would not.
func (l *lock) begins(n *task.Node) {
	l.mu.Lock()
	l.last = n
	l.mu.Unlock()
}

// sleepLocked unlocks meanwhile: it waits for the signal of a release. It reports true when the
// lock has been handed over. The wake-up by a release and the hand-over differ in granted only: in
// the second case ownLocked has been called for this waiter by the releaser. The caller has mu
// again when it returns.
func (l *lock) sleepLocked(id any) bool {
	w := &waiter{id: id, ready: make(chan struct{}, 1), since: time.Now()}
	l.enqueueLocked(w, w.since)
	l.armLocked()
	l.dog.arm(l.takes, l.look)
	l.reviewLocked()
	l.mu.Unlock()
	<-w.ready
	l.mu.Lock()
	if !w.granted {
		l.flying--
	}
	l.waitedLocked(id, w)
	return w.granted
}

// enqueueLocked puts w last, with a new patience. It does so again when the patience has ended.
func (l *lock) enqueueLocked(w *waiter, now time.Time) {
	w.before = l.switches
	if d := l.policy.Patience(l.stateLocked()); d > 0 {
		w.deadline = now.Add(d * l.scale)
	}
	l.waiters = append(l.waiters, w)
}

// armLocked: the ticker rings when the first waiter's patience ends, and not when there is
// none. One timer serves all waiters. So a wait costs no timer of its own.
func (l *lock) armLocked() {
	first := time.Time{}
	for _, w := range l.waiters {
		if !w.deadline.IsZero() && (first.IsZero() || w.deadline.Before(first)) {
			first = w.deadline
		}
	}
	switch {
	case first.IsZero():
		if l.ticker != nil {
			l.ticker.Stop()
		}
	case l.ticker == nil:
		l.ticker = time.AfterFunc(time.Until(first), l.tick)
	default:
		l.ticker.Reset(time.Until(first))
	}
}

// tick has those waiters whose patience has ended ask for the lock, if the policy says so, and wait
// on as the youngest. It is the ticker's callback. Nobody is woken by it: asking is done on the
// waiters' behalf, where CPython's waiters wake up to ask.
func (l *lock) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	// A clone, since the loop moves waiters to the end of the list.
	for _, w := range slices.Clone(l.waiters) {
		if w.deadline.IsZero() || w.deadline.After(now) {
			continue
		}
		if l.policy.TimedOut(l.stateLocked(), w.before) {
			l.asked = true
			w.culprit = l.running.Load()
		}
		i := slices.Index(l.waiters, w)
		l.waiters = slices.Delete(l.waiters, i, i+1)
		l.enqueueLocked(w, now)
	}
	l.armLocked()
	l.reviewLocked()
}

// release gives the lock up, as the policy says; forced: at a checkpoint. It may return only when
// another thread has had it, which it does also when yielding is asked for and somebody waits. The
// wait for taken comes after the unlock. ownLocked closes the channel, so no take can be missed in
// between.
//
// It must not be called with mu held, nor by another than the holder.
func (l *lock) release(forced, yielding bool) {
	l.mu.Lock()
	how := l.policy.Release(l.stateLocked(), forced)
	if forced && !yielding {
		l.forced++
	}
	l.held = false
	// The releaser waits only if another will come: otherwise nobody would close taken.
	stays := (how.Stay || yielding && !how.HandOff) && len(l.waiters)+l.flying > 0
	var taken chan struct{}
	if stays {
		l.asked = false
		taken = make(chan struct{})
		l.switched = append(l.switched, taken)
	}
	if len(l.waiters) > 0 {
		l.wakeFirstLocked(how.HandOff)
	}
	l.reviewLocked()
	l.mu.Unlock()
	if stays {
		<-taken
	}
}

// wakeFirstLocked takes the first waiter out and wakes it, as the lock's holder already if handOff.
// The send never blocks, as each waiter is woken once.
func (l *lock) wakeFirstLocked(handOff bool) {
	w := l.waiters[0]
	l.waiters = slices.Delete(l.waiters, 0, 1)
	if handOff {
		w.granted = true
		l.ownLocked(w.id)
	} else {
		l.flying++
	}
	w.ready <- struct{}{}
	l.armLocked()
}

// wanted says, at a checkpoint for which drop was set, whether the holder is to drop the lock.
// Under Ticks it counts this checkpoint as a tick, without the mutex: ticks is the holder's.
func (l *lock) wanted() bool {
	if n := l.policy.Traits().Ticks; n > 0 {
		if l.ticks++; l.ticks < n {
			return false
		}
		// Under Ticks the policy's Checkpoint always says no; the count alone decides.
		l.ticks = 0
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.policy.Checkpoint(l.stateLocked())
}

// contended says whether anybody waits for the lock.
func (l *lock) contended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiters) > 0
}
