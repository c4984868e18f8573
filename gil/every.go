package gil

import (
	"fmt"
	"time"
)

type every time.Duration

// Every is a lock whose holder yields at each multiple of d, if anybody waits then: a thread of its
// own ticks, however long the holder has had the lock. A holder that yields waits until another has
// it; a release hands it to nobody. It panics when d is not positive.
func Every(d time.Duration) Policy { return every(lasting("Every", d)) }

func (p every) String() string { return fmt.Sprintf("every %v", time.Duration(p)) }
func (p every) Traits() Traits { return Traits{} }

// Patience is the time to the next tick. The ticks lie on a grid from the scheduler's begin, as
// OCaml's tick thread starts with the first thread.
func (p every) Patience(l LockState) time.Duration {
	d := time.Duration(p)
	return d - l.Now%d
}

// before does not matter: the tick thread knows nothing of who waits, or since when.
func (p every) TimedOut(l LockState, _ uint64) bool      { return l.Held }
func (p every) Checkpoint(l LockState) bool              { return l.Requested }
func (p every) Release(l LockState, forced bool) Release { return Release{Stay: forced} }
