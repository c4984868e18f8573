package gil

import (
	"fmt"
	"time"
)

type fifo time.Duration

// FIFO is a fair lock: whoever releases it hands it to the thread that has waited for longest, and
// a waiter asks for it after d. Ruby's is of this kind, with 100 ms. It panics when d is not
// positive.
func FIFO(d time.Duration) Policy { return fifo(lasting("FIFO", d)) }

func (p fifo) String() string                           { return fmt.Sprintf("fifo %v", time.Duration(p)) }
func (p fifo) Traits() Traits                           { return Traits{} }
func (p fifo) Patience(LockState) time.Duration         { return time.Duration(p) }
func (p fifo) TimedOut(l LockState, before uint64) bool { return l.Held && l.Switches == before }
func (p fifo) Checkpoint(l LockState) bool              { return l.Requested }
func (p fifo) Release(LockState, bool) Release          { return Release{HandOff: true} }
