package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble time is virtual, and the figures exact.
func TestTheKneeIsAtTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, strings.Join([]string{
			"in flight   tasks/s   a task takes",
			"        1       100           10ms  ###",
			"        2       200           10ms  ######",
			"        4       400           10ms  #############",
			"        8       800           10ms  ##########################",
			"       16       800           20ms  ##########################",
			"       32       800           40ms  ##########################",
			"",
		}, "\n"), out.String())
	})
}
