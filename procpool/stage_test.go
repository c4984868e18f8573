package procpool

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each stage can be reached, and what the table does not have panics.
func TestStages(t *testing.T) {
	reached := map[stage]bool{queued: true}
	for from, tos := range stages {
		for to := range stage(len(stages)) {
			c := &call{stage: stage(from)}
			if !slices.Contains(tos, to) {
				require.Panics(t, func() { c.to(to) }, "%s to %s", stageNames[from], stageNames[to])
				continue
			}
			c.to(to)
			require.Equal(t, to, c.stage)
			reached[to] = true
		}
	}
	require.Len(t, reached, len(stages))
	for s := range stage(len(stages)) {
		require.Equal(t, s == suspended || s == resumed, s.begun(), stageNames[s])
	}
}
