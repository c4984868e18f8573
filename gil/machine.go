package gil

import (
	"fmt"
	"time"
)

// Machine has the constants of a Virtual machine. Where one is not measured by [Calibrate], its comment says on which
// rows of the fidelity table it was fitted.
type Machine struct {
	// TimerSlack is by how much a timed wait or a sleep ends late, by its length.
	TimerSlack SlackTable
	// HotWake is the time from a signal until a thread runs that has slept for less than HotWindow; ColdWake for longer.
	HotWake, ColdWake, HotWindow time.Duration
	// Of a thousand wake-ups, WakeTail come up to WakeTailMax later: the core was not there. Fitted on the switches per
	// second of Ticks, and confirmed by those of Interval(100 µs).
	WakeTail    int
	WakeTailMax time.Duration
	// Of a thousand timers of a millisecond or more, Misplaced wake their thread on a busy core, where it waits for a
	// Quantum. Fitted on the switches per second at 1 to 20 ms, mean against median.
	Misplaced int
	// Signal is what it costs to wake a thread, Call a call of the kernel that does nothing.
	Signal, Call time.Duration
	// Spawn is what it costs to start a thread.
	Spawn time.Duration
	// Check is the time between two checkpoints of Compute, Tick that of one tick of Ticks.
	Check, Tick time.Duration
	// TakeRelease is what it costs to release the lock and to take it, when nobody wants it: paid at each release.
	TakeRelease time.Duration
	// Quantum is after what time a core goes to the next thread that wants one.
	Quantum time.Duration
}

// SlackTable has the lateness of timers of 0.1, 1, 5, 20 and 100 ms; between them it is linear, outside constant. The
// longer a core sleeps the deeper.
type SlackTable [5]time.Duration

var slackKnots = SlackTable{100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond}

func (t *SlackTable) of(d time.Duration) time.Duration {
	if d <= slackKnots[0] {
		return t[0]
	}
	for i := 1; i < len(t); i++ {
		if from, to := slackKnots[i-1], slackKnots[i]; d <= to {
			return t[i-1] + time.Duration(int64(t[i]-t[i-1])*int64((d-from)/time.Microsecond)/int64((to-from)/time.Microsecond))
		}
	}
	return t[len(t)-1]
}

// LinuxVM is a virtual machine under Linux, with the timer slack and the wake-ups that were measured on one of two cores.
var LinuxVM = Machine{
	TimerSlack: SlackTable{80 * time.Microsecond, 85 * time.Microsecond, 165 * time.Microsecond, 200 * time.Microsecond, 230 * time.Microsecond},
	HotWake:    10 * time.Microsecond, ColdWake: 30 * time.Microsecond, HotWindow: 200 * time.Microsecond,
	WakeTail: 100, WakeTailMax: 300 * time.Microsecond,
	Misplaced: 80,
	Signal:    3 * time.Microsecond, Call: 300 * time.Nanosecond,
	Spawn: 30 * time.Microsecond,
	Check: 100 * time.Nanosecond, Tick: 5 * time.Nanosecond,
	TakeRelease: 50 * time.Nanosecond,
	Quantum:     2800 * time.Microsecond,
}

// Ideal is a machine on which nothing but computing takes time: the textbook's picture.
var Ideal = Machine{Check: time.Nanosecond, Tick: 5 * time.Nanosecond, Quantum: time.Millisecond}

// Scaled returns m with every latency and cost times percent/100: how far a prediction depends on them. Check, Tick,
// Quantum and HotWindow stay.
func (m Machine) Scaled(percent int) Machine {
	for _, d := range []*time.Duration{
		&m.TimerSlack[0], &m.TimerSlack[1], &m.TimerSlack[2], &m.TimerSlack[3], &m.TimerSlack[4],
		&m.HotWake, &m.ColdWake, &m.WakeTailMax, &m.Signal, &m.Call, &m.Spawn, &m.TakeRelease,
	} {
		*d = *d * time.Duration(percent) / 100
	}
	m.Misplaced, m.WakeTail = min(1000, m.Misplaced*percent/100), min(1000, m.WakeTail*percent/100)
	return m
}

func (m *Machine) validate() {
	for _, f := range []struct {
		field string
		d     time.Duration
	}{
		{"HotWake", m.HotWake},
		{"ColdWake", m.ColdWake},
		{"HotWindow", m.HotWindow},
		{"WakeTailMax", m.WakeTailMax},
		{"Signal", m.Signal},
		{"Call", m.Call},
		{"Spawn", m.Spawn},
		{"TakeRelease", m.TakeRelease},
		{"WakeTail", time.Duration(m.WakeTail)},
		{"Misplaced", time.Duration(m.Misplaced)},
		{"TimerSlack[0]", m.TimerSlack[0]},
		{"TimerSlack[1]", m.TimerSlack[1]},
		{"TimerSlack[2]", m.TimerSlack[2]},
		{"TimerSlack[3]", m.TimerSlack[3]},
		{"TimerSlack[4]", m.TimerSlack[4]},
	} {
		if f.d < 0 {
			panic(fmt.Sprintf("gil: Config.Machine.%s is negative: %v", f.field, f.d))
		}
	}
	if m.Check <= 0 || m.Tick <= 0 || m.Quantum <= 0 {
		panic("gil: Config.Machine.Check, Tick and Quantum must be positive")
	}
}
