package load

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMergedRounds(t *testing.T) {
	m := Merge([]Sample{
		{Wall: 3, Sent: 1, Answered: 1, Latencies: []time.Duration{5, 1}, Started: 3, Running: 1},
		{Wall: 1, Sent: 2, Answered: 1, Latencies: []time.Duration{3}, Started: 9, Running: 4},
		{Wall: 2},
	})
	require.Equal(t, time.Duration(2), m.Wall)
	require.Equal(t, int64(1), m.Lost())
	require.Equal(t, []int64{9, 4}, []int64{m.Started, m.Running})
	require.Equal(t, []time.Duration{1, 3, 5}, m.Latencies)
	require.Equal(t, []time.Duration{1, 5}, m.Rounds[0].Latencies)
	require.Len(t, m.Rounds, 3)
	require.Equal(t, Sample{}, Merge(nil))
	require.InDelta(t, 1.5, Sample{Wall: 2, CPU: 3}.Cores(), 1e-9)
	require.Zero(t, Sample{CPU: 3}.Cores())
}

func TestExtrapolatedWithItsRounds(t *testing.T) {
	before := Merge([]Sample{{Wall: time.Second, Latencies: []time.Duration{time.Second}}})
	s := before.Extrapolate(100, 1000)
	require.Equal(t, 10*time.Second, s.Wall)
	require.Equal(t, []time.Duration{10 * time.Second}, s.Latencies)
	require.Equal(t, 10*time.Second, s.Rounds[0].Wall)
	require.Equal(t, 100, s.From)
	require.Equal(t, time.Second, before.Rounds[0].Latencies[0], "what was measured stays")
	require.Zero(t, before.Extrapolate(5, 5).From)
}

func TestEveryRoundHasAllInAnotherOrder(t *testing.T) {
	require.Equal(t, [][]int{{0, 1, 2, 3, 4}, {0, 2, 4, 1, 3}, {0, 3, 1, 4, 2}},
		[][]int{RoundOrder(0, 0, 5), RoundOrder(0, 1, 5), RoundOrder(1, 1, 5)})
	for n := range 10 {
		for round := range 20 {
			is := RoundOrder(uint64(round*n), round, n)
			slices.Sort(is)
			for i := range n {
				require.Equal(t, i, is[i])
			}
		}
	}
}

func TestWorkIsProportional(t *testing.T) {
	s := Spinner{PerMillisecond: 1000}
	require.Equal(t, 2500, s.Turns(2500*time.Microsecond))
	require.Equal(t, Job{Turns: 5000, Native: 1000, Wait: 7},
		s.Job(Ask{Compute: 5 * time.Millisecond, Native: time.Millisecond, Wait: 7}))
	require.Positive(t, Calibrate().PerMillisecond)
	require.NotEqual(t, turn(1), turn(2))
}
