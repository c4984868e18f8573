package gil

import (
	"errors"
	"fmt"
	"time"
)

// Machine has the constants of a Virtual machine. Where one is not measured by [Calibrate], its
// comment says on which rows of the fidelity table it was fitted.
type Machine struct {
	// TimerSlack is by how much a timed wait or a sleep ends late, by its length.
	TimerSlack SlackTable
	// HotWake is the time from the beginning of a signal until the woken thread runs, if its core
	// has been idle for less than HotWindow, or is busy; ColdWake is that of a core that has been
	// idle for longer.
	HotWake, ColdWake, HotWindow time.Duration
	// NearWake is the same for a thread that was last on the core of the thread that wakes it.
	NearWake time.Duration
	// Of a thousand threads that a thread of another core wakes on an idle core, WakeAffine run on
	// the waker's core (the kernel's wake_affine: a halted virtual core does not count as idle).
	WakeAffine int
	// Of a thousand threads that wake on a busy core while another is idle, Sticky stay: the kernel
	// looks for an idle core only among those that share a cache, which virtual cores do not.
	Sticky int
	// Awake is how many of a thousand requests to drop the lock, of those that are answered at
	// once, find the asker still awake. It takes the lock without a wake-up then, if nobody else
	// waits. If others have waited for longer, it does so in Barging of a thousand cases: glibc's
	// condition variables let an asker that has not gone to sleep yet take the signal before the
	// sleepers. In traces of the kernel's scheduler it did so in 146 of 171 cases.
	Awake, Barging int
	// Overtake is for a thread that releases the lock for a call which never waits, and that wakes
	// a waiter of its own core: of a thousand such waiters, so many have the lock before the thread
	// wants it back. The kernel lets them displace the thread that wakes them: first in the middle
	// of its release, whose mutex they find taken, and again when it has given that mutex up. It
	// was fitted to the training rows of short calls.
	Overtake int
	// Chill is what the first steps of a thread, and each of its calls that wake others, cost more
	// for each millisecond that it has not had the lock, up to 5: its caches are cold.
	Chill time.Duration
	// Switch is what a core loses when a thread wakes there.
	Switch time.Duration
	// Signal is what it costs to wake a thread of another core, Call a call of the kernel that does
	// nothing.
	Signal, Call time.Duration
	// Spawn is what it costs to start a thread.
	Spawn time.Duration
	// Check is the time between two checkpoints of Compute, Tick that of one tick of Ticks.
	Check, Tick time.Duration
	// TakeRelease is what it costs to release the lock and to take it, when nobody wants it: paid
	// at each release.
	TakeRelease time.Duration
	// Quantum is the time between two ticks of the kernel (CONFIG_HZ): at a tick a core goes to the
	// next thread that wants it.
	Quantum time.Duration
	// Fair: a thread that wakes on a busy core displaces what runs there only if it had less of
	// that core than its share (EEVDF, the scheduler of Linux since 6.6); else it waits for the
	// tick. Without Fair it always displaces it.
	Fair bool
}

// SlackTable has the lateness of timers of 0.1, 1, 5, 20 and 100 ms; between them it is linear,
// outside constant. The longer a core sleeps the deeper.
type SlackTable [5]time.Duration

var slackKnots = SlackTable{
	100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond,
	100 * time.Millisecond,
}

// of interpolates in integers of microseconds, so that no product overflows and every architecture
// agrees. Below the first knot and above the last the slack is theirs.
func (t *SlackTable) of(d time.Duration) time.Duration {
	if d <= slackKnots[0] {
		return t[0]
	}
	for i := 1; i < len(t); i++ {
		if from, to := slackKnots[i-1], slackKnots[i]; d <= to {
			return t[i-1] +
				time.Duration(int64(t[i]-t[i-1])*int64((d-from)/time.Microsecond)/int64((to-from)/time.Microsecond))
		}
	}
	return t[len(t)-1]
}

// LinuxVM is a virtual machine under Linux, with the timer slack and the wake-ups that were
// measured on one of two cores.
var LinuxVM = Machine{
	TimerSlack: SlackTable{
		78 * time.Microsecond, 92 * time.Microsecond, 200 * time.Microsecond, 210 * time.Microsecond,
		220 * time.Microsecond,
	},
	HotWake: 34 * time.Microsecond, ColdWake: 60 * time.Microsecond, HotWindow: 320 * time.Microsecond,
	NearWake: 2500 * time.Nanosecond, Chill: 3750 * time.Nanosecond, Switch: 9500 * time.Nanosecond,
	WakeAffine: 28, Sticky: 1000, Awake: 800, Barging: 850, Overtake: 250,
	Signal: 7 * time.Microsecond, Call: 320 * time.Nanosecond,
	Spawn: 118 * time.Microsecond,
	Check: 100 * time.Nanosecond, Tick: 5 * time.Nanosecond,
	TakeRelease: 50 * time.Nanosecond,
	Quantum:     4 * time.Millisecond, Fair: true,
}

// Ideal is a machine on which nothing but computing takes time: the textbook's picture. Nothing is
// left to wait for but computing and the lock, so a difference between two policies on it is the
// policies' own.
var Ideal = Machine{Check: time.Nanosecond, Tick: 5 * time.Nanosecond, Quantum: time.Millisecond}

// Scaled returns m with every latency and cost times percent/100: how far a prediction depends on
// them. Check, Tick, Quantum and HotWindow stay. So do Sticky, Awake, Barging
// and Overtake.
func (m Machine) Scaled(percent int) Machine {
	for _, d := range []*time.Duration{
		&m.TimerSlack[0], &m.TimerSlack[1], &m.TimerSlack[2], &m.TimerSlack[3], &m.TimerSlack[4],
		&m.HotWake, &m.ColdWake, &m.NearWake, &m.Chill, &m.Switch, &m.Signal, &m.Call, &m.Spawn, &m.TakeRelease,
	} {
		*d = *d * time.Duration(percent) / 100
	}
	m.WakeAffine = min(1000, m.WakeAffine*percent/100)
	return m
}

// check returns an error that names the first constant which is out of range. Zero is allowed where
// it means that something costs nothing. The three that the machine divides by, or steps by, must
// be positive.
func (m *Machine) check() error {
	for _, f := range []struct {
		field string
		d     time.Duration
	}{
		{"HotWake", m.HotWake},
		{"ColdWake", m.ColdWake},
		{"HotWindow", m.HotWindow},
		{"NearWake", m.NearWake},
		{"Chill", m.Chill},
		{"Switch", m.Switch},
		{"Signal", m.Signal},
		{"Call", m.Call},
		{"Spawn", m.Spawn},
		{"TakeRelease", m.TakeRelease},
		{"WakeAffine", time.Duration(m.WakeAffine)},
		{"Sticky", time.Duration(m.Sticky)},
		{"Awake", time.Duration(m.Awake)},
		{"Barging", time.Duration(m.Barging)},
		{"Overtake", time.Duration(m.Overtake)},
		{"TimerSlack[0]", m.TimerSlack[0]},
		{"TimerSlack[1]", m.TimerSlack[1]},
		{"TimerSlack[2]", m.TimerSlack[2]},
		{"TimerSlack[3]", m.TimerSlack[3]},
		{"TimerSlack[4]", m.TimerSlack[4]},
	} {
		if f.d < 0 {
			return fmt.Errorf("gil: Config.Machine.%s is negative: %v", f.field, f.d)
		}
	}
	if m.Check <= 0 || m.Tick <= 0 || m.Quantum <= 0 {
		return errors.New("gil: Config.Machine.Check, Tick and Quantum must be positive")
	}
	return nil
}

// pipe is what a read or a write costs that neither waits nor wakes.
func (m *Machine) pipe() time.Duration { return 4 * m.Call }

// chillOf is what cold caches cost a thread that has not run for d.
func (m *Machine) chillOf(d time.Duration) time.Duration {
	return m.Chill * min(d, mostChill) / time.Millisecond
}

// Caches are cold after that; they do not get colder.
const mostChill = 5 * time.Millisecond
