package workload

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// While other programs use the machine a workload says so, and the verdicts learn of it.
func TestOthersUseTheMachine(t *testing.T) {
	if !load.CPUTimeKnown {
		t.Skip("the system does not tell CPU time")
	}
	p := quick(t, "inline", "loop")
	p.Cores = 2
	left := []time.Duration{130, 190, 110}
	looks := 0
	p.Measure = func(m load.Model, _ load.Setup, sc load.Scenario) load.Sample {
		s := load.Sample{Wall: 100, Sent: 1, Heavy: 1}
		if m.Name == "goroutines" {
			s.CPU = left[looks]
			looks++
		}
		return load.Merge([]load.Sample{s})
	}
	out := mixed(p)
	require.Equal(t, verdict.Figure{1.3, 1.9, 1.1}, out.Figures["mixed/machine/cores"])
	require.Equal(t, "other programs use this machine: busy goroutines got 1.30 of 2 cores", out.Table.Remarks[0])

	require.True(t, out.Table.Noisy())

	p.given = verdict.Figure{1.3}
	slow := out.Table
	slow.Rows[0].Broken, slow.Rows[1].Broken = "p99 1s", "p99 1s: only one request is served at a time"
	p.tell(&Outcome{Table: slow, Figures: verdict.Figures{}})
	require.Equal(t, "p99 1s: only one request is served at a time, or other programs had the cores",
		slow.Rows[1].Broken)
	require.Equal(t, "p99 1s: other programs may have had the cores", slow.Rows[0].Broken, "a real row's")

	p.given = nil
	looks, left = 0, []time.Duration{190, 190, 110}
	out = mixed(p)
	require.Len(t, out.Table.Remarks, 1, "of the pieces")

	p.Probes = false
	require.NotContains(t, mixed(p).Figures, "mixed/machine/cores")
}

// Busy goroutines get about what there is.
func TestALook(t *testing.T) {
	if !load.CPUTimeKnown {
		t.Skip("the system does not tell CPU time")
	}
	p := Short(t.Context(), load.Calibrate())
	p.look(0)
	require.Len(t, p.given, 1)
	require.Positive(t, p.given[0])
	require.Less(t, p.given[0], float64(model.Cores())+0.5)
}
