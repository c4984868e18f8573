package gil

import "time"

// Policy is how threads share a lock. Its methods but String and Traits are pure functions of the
// lock's state, so that one value serves any number of locks, under both clocks, from any
// goroutine. A policy of your own embeds one of this package's and overrides what it does
// differently:
//
//	type handing struct{ gil.Policy } // around Interval: a lock that is released goes to who has waited for longest
//
//	func (handing) Release(_ gil.LockState, forced bool) gil.Release { return gil.Release{HandOff: true, Stay: forced} }
type Policy interface {
	// String names the policy, for tables.
	String() string
	// Traits says what of it does not depend on the lock's state.
	Traits() Traits
	// Patience is how long a thread that waits sleeps before TimedOut is asked; 0: until it is
	// woken.
	Patience(l LockState) time.Duration
	// TimedOut says whether a waiter whose patience has ended asks the holder to drop the lock.
	// before is the value of l.Switches when the waiter went to sleep.
	TimedOut(l LockState, before uint64) bool
	// Checkpoint says whether the holder, at a checkpoint, drops the lock.
	Checkpoint(l LockState) bool
	// Release says what becomes of the lock. forced: at a checkpoint; else the holder is going to
	// wait.
	Release(l LockState, forced bool) Release
}

// LockState is what a policy sees of a lock. Of one lock: with interpreters each has a state of its
// own.
type LockState struct {
	Held      bool
	Requested bool          // somebody has asked the holder to drop it
	Waiters   int           // threads that sleep until it is free
	Switches  uint64        // how often it went to another thread than the one that had it before
	Now       time.Duration // since the scheduler began
}

// Release is how a lock is released.
type Release struct {
	// HandOff gives it to the thread that has waited for longest; else it is free, that thread is
	// woken, and whoever comes first takes it.
	HandOff bool
	// Stay makes the releaser wait until another thread has it, if anybody wants it.
	Stay bool
}

// Traits are the parts of a policy that do not depend on the lock's state.
//
// They must not change: the engines keep a copy of some.
type Traits struct {
	// Unlocked: there is no lock.
	Unlocked bool
	// Slowdown is by how much slower Compute is, in percent: 40 means 1.4 times the time. Native
	// code, which HoldLock and Released stand for, is as fast as ever.
	Slowdown int
	// Ticks: after so many ticks of computing the lock is released and at once wanted back. 0:
	// never.
	Ticks int
	// OwnRequests: the request to drop a lock is of the thread that was asked, in place of the
	// lock.
	OwnRequests bool
	// Locks is how many interpreters there are, each with a lock of its own. 0: one.
	Locks int
}

// slowed is how long d of computing takes. Only bytecode is slower in a free-threaded build:
// reference counts and locks of objects are its cost.
func (t Traits) slowed(do Do, d time.Duration) time.Duration {
	if do == DoCompute {
		d += d * time.Duration(t.Slowdown) / 100
	}
	return d
}
