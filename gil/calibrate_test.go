package gil

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCalibrateGivesAMachine(t *testing.T) {
	m := Calibrate()
	m.validate()
	require.Positive(t, m.Call)
	require.Positive(t, m.Signal)
	require.Positive(t, m.Spawn)
	require.Less(t, m.Call, time.Millisecond)
	require.Equal(t, LinuxVM.Misplaced, m.Misplaced, "it is not measured")
	require.LessOrEqual(t, m.HotWake, m.ColdWake)
	t.Logf("%+v", m)
	require.NotPanics(t, func() { New(Config{Clock: Virtual, Machine: m}) })
}
