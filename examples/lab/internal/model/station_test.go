package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
)

// stationOf returns a station's settings, changed as its last sentence proposes.
func stationOf(t *testing.T, name string, change func(*model.Settings)) model.Settings {
	t.Helper()
	for _, st := range model.Stations {
		if st.Name == name {
			s := st.Settings
			s.Script = append([]model.Step{}, s.Script...)
			change(&s)
			return s
		}
	}
	t.Fatal("no station is called", name)
	return model.Settings{}
}

// keeping returns the models that keep the rule.
func keeping(t *testing.T, s model.Settings) (those []string) {
	t.Helper()
	for _, m := range model.Models {
		if run(t, m, s).Keeps {
			those = append(those, m)
		}
	}
	return those
}

// What a learner is told to drag shows something.
func TestWhatTheStationsProposeTeaches(t *testing.T) {
	more := stationOf(t, "wait", func(s *model.Settings) { s.Threads = 24 })
	require.Equal(t, []string{"loop", "pool", "lock"}, keeping(t, more))

	kneeOf := func(share time.Duration) model.Settings {
		return stationOf(t, "knee", func(s *model.Settings) {
			s.Rate, s.Script[0].For, s.Script[1].For = 600, 2*ms*share/100, 2*ms-2*ms*share/100
		})
	}
	require.Equal(t, []string{"pool", "lock"}, keeping(t, kneeOf(60)))
	require.Equal(t, []string{"pool"}, keeping(t, kneeOf(100)))

	slow := stationOf(t, "pings", func(s *model.Settings) { s.Interval = 20 * ms })
	require.Equal(t, []string{"pool", "processes", "lock"}, keeping(t, stationOf(t, "pings", func(*model.Settings) {})))
	require.Equal(t, []string{"pool", "processes"}, keeping(t, slow))

	quick := run(t, "lock", stationOf(t, "convoy", func(s *model.Settings) { s.Interval = ms }))
	require.Less(t, quick.P50, 25*ms)

	waits := stationOf(t, "lost", func(s *model.Settings) {
		s.Script = append(s.Script, model.Step{Do: model.Sleep, For: ms})
	})
	require.Positive(t, run(t, "loop", waits).Lost)

	for n, keeps := range map[int]bool{1: false, 5: false, 10: true, 50: true} {
		s := stationOf(t, "pieces", func(s *model.Settings) { s.Pieces = n })
		require.Equal(t, keeps, run(t, "loop", s).Keeps, "%d pieces", n)
	}
}
