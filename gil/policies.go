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

// Interval is the lock of CPython 3.2 to 3.12 (sys.setswitchinterval): a waiter waits for d; when nobody has taken the
// lock meanwhile it asks the holder to drop it, which does so at its next checkpoint and then waits until another thread
// has it. Who releases the lock by itself, to wait, hands it to nobody: the woken waiter has to take it before the
// releaser comes back. It panics when d is not positive.
func Interval(d time.Duration) Policy { return interval{lasting("Interval", d), false} }

// Interval313 is the lock since 3.13, where the request to drop is a bit of the holder's own, in place of one for all.
// A bit that nobody obeyed stays with its thread, and no other obeys it. In time it behaves as Interval does.
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

// TimedOut does not ask when the lock has changed hands meanwhile: the waiter begins anew, so that more waiters do not
// make the slices shorter.
func (p interval) TimedOut(l LockState, before uint64) bool { return l.Held && l.Switches == before }
func (p interval) Checkpoint(l LockState) bool              { return l.Requested }

// Release stays also when the holder was about to wait anyway: drop_gil does not ask why it was called.
func (p interval) Release(l LockState, _ bool) Release { return Release{Stay: l.Requested} }

type ticks int

// Ticks is the lock of CPython up to 3.1 (sys.setcheckinterval): a semaphore, which the holder releases and wants back
// after every n ticks, which are about bytecodes. A waiter gets it only by running in between. It panics when n is not
// positive. Under the Real clock each Checkpoint is a tick.
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

type fifo time.Duration

// FIFO is a fair lock: whoever releases it hands it to the thread that has waited for longest, and a waiter asks for it
// after d. Ruby's is of this kind, with 100 ms. It panics when d is not positive.
func FIFO(d time.Duration) Policy { return fifo(lasting("FIFO", d)) }

func (p fifo) String() string                           { return fmt.Sprintf("fifo %v", time.Duration(p)) }
func (p fifo) Traits() Traits                           { return Traits{} }
func (p fifo) Patience(LockState) time.Duration         { return time.Duration(p) }
func (p fifo) TimedOut(l LockState, before uint64) bool { return l.Held && l.Switches == before }
func (p fifo) Checkpoint(l LockState) bool              { return l.Requested }
func (p fifo) Release(LockState, bool) Release          { return Release{HandOff: true} }

type free struct{ percent int }

// Free has no lock, as a free-threaded build (PEP 703). slowdown, 1 by default, is by how much Compute takes longer
// there; native code does not. It panics when that is below 1, or given twice.
func Free(slowdown ...float64) Policy {
	if len(slowdown) == 0 {
		return free{}
	}
	if len(slowdown) > 1 || !(slowdown[0] >= 1 && slowdown[0] <= 100) {
		panic(fmt.Sprintf("gil: Free(%v): one slowdown, from 1 to 100", slowdown))
	}
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

type perInterpreter struct {
	Policy
	k int
}

// PerInterpreter is k interpreters in one process, each with a lock of its own that follows inner (PEP 684, since 3.12).
// A task is a thread of the interpreter that [InInterpreter] says, else of that whose number is its own, modulo k; a
// [StepThread] of the one that it names, and the threads of a [Workload] are dealt out. So are processes to be simulated,
// as long as they share nothing. It panics when k is not positive, inner is nil, or has interpreters itself.
func PerInterpreter(k int, inner Policy) Policy {
	if k <= 0 || inner == nil || inner.Traits().Locks > 0 {
		panic(fmt.Sprintf("gil: PerInterpreter(%d, %v): a positive number, and a policy for one lock", k, inner))
	}
	return perInterpreter{inner, k}
}

func (p perInterpreter) String() string { return fmt.Sprintf("%d × %v", p.k, p.Policy) }

func (p perInterpreter) Traits() Traits {
	t := p.Policy.Traits()
	t.Locks = p.k
	return t
}

// CPython27 is CPython 2.7: Ticks(100).
func CPython27() Policy { return Ticks(100) }

// CPython38 is CPython 3.2 to 3.11: Interval(5 ms).
func CPython38() Policy { return Interval(5 * time.Millisecond) }

// CPython312 is one interpreter of CPython 3.12: Interval(5 ms). PerInterpreter(k, CPython312()) is k with locks of
// their own.
func CPython312() Policy { return Interval(5 * time.Millisecond) }

// CPython313 is one interpreter of CPython 3.13: Interval313(5 ms).
func CPython313() Policy { return Interval313(5 * time.Millisecond) }

// CPython313t is the free-threaded build of 3.13: Free(1.4), as its documentation gives the cost on pyperformance.
func CPython313t() Policy { return Free(1.4) }
