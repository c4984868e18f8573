package gil

import (
	"fmt"
	"time"
)

// interval is Interval and Interval313.
type interval struct {
	d      time.Duration
	per313 bool
}

// Interval is the lock of CPython 3.2 to 3.12 (sys.setswitchinterval): a waiter waits for d; when
// nobody has taken the lock meanwhile it asks the holder to drop it, which does so at its next
// checkpoint and then waits until another thread has it. Who releases the lock by itself, to wait,
// hands it to nobody: the woken waiter has to take it before the releaser comes back. It panics
// when d is not positive.
func Interval(d time.Duration) Policy { return interval{lasting("Interval", d), false} }

// Interval313 is the lock since 3.13, where the request to drop is a bit of the holder's own, in
// place of one for all. A bit that nobody obeyed stays with its thread, and no other obeys it. In
// time it behaves as Interval does.
func Interval313(d time.Duration) Policy { return interval{lasting("Interval313", d), true} }

func lasting(name string, d time.Duration) time.Duration {
	if d <= 0 {
		panic(fmt.Sprintf("gil: %s(%v): a switch interval is positive", name, d))
	}
	return d
}

func (p interval) String() string {
	if p.per313 {
		return fmt.Sprintf("interval313 %v", p.d)
	}
	return fmt.Sprintf("interval %v", p.d)
}

func (p interval) Traits() Traits                   { return Traits{OwnRequests: p.per313} }
func (p interval) Patience(LockState) time.Duration { return p.d }

// TimedOut does not ask when the lock has changed hands meanwhile: the waiter begins anew, so that
// more waiters do not make the slices shorter.
//
// In take_gil that is the comparison of switch_number with saved_switchnum, after a wait that timed
// out.
func (p interval) TimedOut(l LockState, before uint64) bool { return l.Held && l.Switches == before }
func (p interval) Checkpoint(l LockState) bool              { return l.Requested }

// Release stays also when the holder was about to wait anyway: drop_gil does not ask why it was
// called. In CPython FORCE_SWITCHING stands at the end of drop_gil, behind a look at
// gil_drop_request.
func (p interval) Release(l LockState, _ bool) Release { return Release{Stay: l.Requested} }
