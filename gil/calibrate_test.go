package gil

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Calibrate's machine is usable, or it says why there is none.
func TestCalibrateGivesAMachineOrSaysWhyNot(t *testing.T) {
	m, err := Calibrate()
	t.Logf("%+v, %v", m, err)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		require.ErrorContains(t, err, "gil: Calibrate: ")
		return
	}
	require.NoError(t, m.check())
	require.NoError(t, m.plausible())
	require.LessOrEqual(t, m.HotWake, m.ColdWake)
	require.Equal(t, LinuxVM.Check, m.Check, "it is not measured")
	require.NotPanics(t, func() { New(Config{Clock: Virtual, Machine: m}) })
}

// Figures like those that a measurement among other programs has given once are refused, by name.
func TestImplausibleFiguresAreRefused(t *testing.T) {
	require.NoError(t, (&LinuxVM).plausible())
	for field, spoil := range map[string]func(m *Machine){
		"HotWake was measured as 0s":             func(m *Machine) { m.HotWake = 0 },
		"ColdWake was measured as 1µs":           func(m *Machine) { m.ColdWake = time.Microsecond },
		"Spawn was measured as 400ns":            func(m *Machine) { m.Spawn = 400 },
		"TimerSlack[2] was measured as 50ms":     func(m *Machine) { m.TimerSlack[2] = 50 * ms },
		"Call was measured as 20µs, which is no": func(m *Machine) { m.Call = 20 * us },
	} {
		m := LinuxVM
		spoil(&m)
		require.ErrorContains(t, m.plausible(), field)
	}
}
