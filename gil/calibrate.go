package gil

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrBusy is why [Calibrate] has no figures: other programs used the cores while it measured.
var ErrBusy = errors.New("gil: Calibrate: the machine is busy")

// Calibrate measures the machine it runs on, which takes about three seconds: TimerSlack, HotWake,
// ColdWake, NearWake, Chill, Switch, Signal, Call and Spawn. The other constants are LinuxVM's:
// those of the kernel's scheduler and of the interpreter. It measures threads that are pinned to
// cores and wake each other by futexes, on which Python's locks are built. Other programs may use
// up to a third of a core meanwhile; beyond that the error is [ErrBusy]. Another error names a
// figure that cannot be true, and outside Linux it is [errors.ErrUnsupported]. The machine is to be
// used only when the error is nil. It may be called from any goroutine.
func Calibrate() (Machine, error) {
	m := LinuxVM
	// What is not measured keeps LinuxVM's value.
	lost, err := measureMachine(&m)
	switch {
	case err != nil:
		return m, fmt.Errorf("gil: Calibrate: %w", err)
	case lost > 1./3:
		return m, fmt.Errorf("%w: %.0f%% of the time of a core went to others", ErrBusy, 100*lost)
	}
	return m, m.plausible()
}

// plausible names the first figure that no machine has: one measured while the machine did
// something else. The bounds are wide: they tell a broken measurement, such as a clock that stood
// still, and not a slow machine.
func (m *Machine) plausible() error {
	for _, f := range []struct {
		field       string
		value       time.Duration
		least, most time.Duration
	}{
		{"Call", m.Call, 20, 5 * time.Microsecond},
		{"Signal", m.Signal, 200, 200 * time.Microsecond},
		{"NearWake", m.NearWake, 200, 200 * time.Microsecond},
		{"HotWake", m.HotWake, 500, 500 * time.Microsecond},
		{"ColdWake", m.ColdWake, m.HotWake, 2 * time.Millisecond},
		{"Switch", m.Switch, 400, 200 * time.Microsecond},
		{"Chill", m.Chill, 0, 200 * time.Microsecond},
		{"Spawn", m.Spawn, 2 * time.Microsecond, 5 * time.Millisecond},
		{"TimerSlack[0]", m.TimerSlack[0], 1, 3 * time.Millisecond},
		{"TimerSlack[1]", m.TimerSlack[1], 1, 3 * time.Millisecond},
		{"TimerSlack[2]", m.TimerSlack[2], 1, 5 * time.Millisecond},
		{"TimerSlack[3]", m.TimerSlack[3], 1, 10 * time.Millisecond},
		{"TimerSlack[4]", m.TimerSlack[4], 1, 20 * time.Millisecond},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("gil: Calibrate: %s was measured as %v, which is not from %v to %v", f.field, f.value,
				f.least, f.most)
		}
	}
	return nil
}

// median sorts ds in place. Medians, since a few measurements in a hundred are disturbed by others.
func median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// times measures n times. One at least, so that median has something.
func times(n int, measure func() time.Duration) []time.Duration {
	ds := make([]time.Duration, max(n, 1))
	for i := range ds {
		ds[i] = measure()
	}
	return ds
}
