package gil

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// lock is the lock of CPython 3.2 and later, for goroutines (take_gil and drop_gil of ceval_gil.c).
type lock struct {
	interval time.Duration
	drop     atomic.Bool // gil_drop_request

	mu       sync.Mutex
	held     bool
	last     any    // last_holder
	switches uint64 // switch_number
	waiters  []chan struct{}
	switched []chan struct{} // who dropped it by force, until another has it
}

func (l *lock) take(id any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.held {
		l.waitForDrop()
	}
	l.held = true
	if l.last != id {
		l.last = id
		l.switches++
	}
	l.drop.Store(false)
	for _, c := range l.switched {
		close(c)
	}
	l.switched = nil
}

// waitForDrop is locked, and unlocks meanwhile: it waits for the signal of a release, and asks for one after an interval
// in which nobody took the lock.
func (l *lock) waitForDrop() {
	signal, before := make(chan struct{}, 1), l.switches
	l.waiters = append(l.waiters, signal)
	l.mu.Unlock()
	timer := time.NewTimer(l.interval)
	defer timer.Stop()
	timedOut := false
	select {
	case <-signal:
	case <-timer.C:
		timedOut = true
	}
	l.mu.Lock()
	if !timedOut {
		return
	}
	if i := slices.Index(l.waiters, signal); i >= 0 {
		l.waiters = slices.Delete(l.waiters, i, i+1)
	}
	if l.held && l.switches == before {
		l.drop.Store(true)
	}
}

// release hands the lock to nobody: it wakes the oldest waiter, who has to take it. When a drop was requested, or when
// switching is asked for and somebody waits, it returns after another thread has taken the lock.
func (l *lock) release(switching bool) {
	l.mu.Lock()
	l.held = false
	others := l.drop.Swap(false) || switching && len(l.waiters) > 0
	if len(l.waiters) > 0 {
		l.waiters[0] <- struct{}{}
		l.waiters = l.waiters[1:]
	}
	if !others {
		l.mu.Unlock()
		return
	}
	taken := make(chan struct{})
	l.switched = append(l.switched, taken)
	l.mu.Unlock()
	<-taken
}
