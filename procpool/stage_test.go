package procpool

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each state of a table can be reached.
func TestStepsReachEachState(t *testing.T) {
	require.Empty(t, stages.Unreachable())
	require.Empty(t, lives.Unreachable())
	require.Empty(t, comers.Unreachable())
}

func TestStageTellsWhatHasBegun(t *testing.T) {
	for s := range ending + 1 {
		require.Equal(t, s == suspended || s == resumed, s.begun(), stages.Names[s])
	}
}
