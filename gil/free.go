package gil

import (
	"fmt"
	"time"
)

type free struct{ percent int }

// Free has no lock, as a free-threaded build (PEP 703). slowdown, 1 by default, is by how much
// Compute takes longer there; native code does not. It panics when that is below 1, or given twice.
func Free(slowdown ...float64) Policy {
	if len(slowdown) == 0 {
		return free{}
	}
	if len(slowdown) > 1 || !(slowdown[0] >= 1 && slowdown[0] <= 100) {
		panic(fmt.Sprintf("gil: Free(%v): one slowdown, from 1 to 100", slowdown))
	}
	// In whole percent: the simulator computes in integers.
	return free{int(slowdown[0]*100+0.5) - 100}
}

func (p free) String() string {
	if p.percent == 0 {
		return "free"
	}
	return fmt.Sprintf("free, +%d%%", p.percent)
}

func (p free) Traits() Traits                   { return Traits{Unlocked: true, Slowdown: p.percent} }
func (p free) Patience(LockState) time.Duration { return 0 }
func (p free) TimedOut(LockState, uint64) bool  { return false }
func (p free) Checkpoint(LockState) bool        { return false }
func (p free) Release(LockState, bool) Release  { return Release{} }
