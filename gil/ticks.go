package gil

import (
	"fmt"
	"time"
)

// The zero Release frees the lock and wakes a waiter, and the holder comes back for it at once.
type ticks int

// Ticks is the lock of CPython up to 3.1 (sys.setcheckinterval): a semaphore, which the holder
// releases and wants back after every n ticks, which are about bytecodes. A waiter gets it only by
// running in between. It panics when n is not positive. Under the Real clock each Checkpoint is a
// tick.
func Ticks(n int) Policy {
	if n <= 0 {
		panic(fmt.Sprintf("gil: Ticks(%d): a check interval is positive", n))
	}
	return ticks(n)
}

func (p ticks) String() string                   { return fmt.Sprintf("ticks %d", int(p)) }
func (p ticks) Traits() Traits                   { return Traits{Ticks: int(p)} }
func (p ticks) Patience(LockState) time.Duration { return 0 }
func (p ticks) TimedOut(LockState, uint64) bool  { return false }
func (p ticks) Checkpoint(LockState) bool        { return false }
func (p ticks) Release(LockState, bool) Release  { return Release{} }
