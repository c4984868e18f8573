package gil

import (
	"fmt"
	"time"
)

// Policy is how threads share the lock. Its zero value stands for the default in Config.
type Policy struct {
	interval time.Duration
	free     bool
}

// Interval is the lock of CPython 3.2 and later (sys.setswitchinterval): a waiter waits for d; when nobody has taken the
// lock meanwhile it asks the holder to drop it, which does so at its next checkpoint and then waits until another thread
// has it. Who releases the lock by itself, to wait, hands it to nobody: the woken waiter has to take it before the
// releaser comes back. It panics when d is not positive.
func Interval(d time.Duration) Policy {
	if d <= 0 {
		panic(fmt.Sprintf("gil: Interval(%v): a switch interval is positive", d))
	}
	return Policy{interval: d}
}

// Free has no lock, as a free-threaded build.
func Free() Policy { return Policy{free: true} }

// String names the policy.
func (p Policy) String() string {
	if p.free {
		return "free"
	}
	return fmt.Sprintf("interval %v", p.interval)
}

// Machine has the constants of a Virtual machine. Jitter from the seed adds up to a quarter to
// TimerSlack and the wake-ups.
type Machine struct {
	TimerSlack time.Duration // by how much a timed wait and a sleep end late
	HotWake    time.Duration // from the signal until a thread runs that has slept for less than HotWindow
	ColdWake   time.Duration // likewise, for longer
	HotWindow  time.Duration
	Check      time.Duration // between two checkpoints of Compute
	Quantum    time.Duration // after which a core goes to the next thread that wants one
}

// DefaultMachine is a virtual machine with two cores, as measured: cold wake-ups of 25 µs, hot ones of 10.
var DefaultMachine = Machine{
	TimerSlack: 75 * time.Microsecond,
	HotWake:    10 * time.Microsecond,
	ColdWake:   25 * time.Microsecond,
	HotWindow:  200 * time.Microsecond,
	Check:      100 * time.Nanosecond,
	Quantum:    3 * time.Millisecond,
}

// Ideal is a machine on which nothing but computing takes time: the textbook's picture.
var Ideal = Machine{Check: time.Nanosecond, Quantum: time.Millisecond}

func (m Machine) validate() {
	for field, d := range map[string]time.Duration{
		"TimerSlack": m.TimerSlack, "HotWake": m.HotWake, "ColdWake": m.ColdWake, "HotWindow": m.HotWindow,
	} {
		if d < 0 {
			panic(fmt.Sprintf("gil: Config.Machine.%s is negative: %v", field, d))
		}
	}
	if m.Check <= 0 || m.Quantum <= 0 {
		panic("gil: Config.Machine.Check and Quantum must be positive")
	}
}
