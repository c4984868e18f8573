package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble the loop's time is virtual too, and so every figure repeatable.
func TestUpdatesAreLostWhereTheStepIsInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, strings.Join([]string{
			"                                           counted, of 200",
			"global lock    read, compute, write                    151",
			"global lock    compute, then read and write            200",
			"event loop     read, await, write                      100",
			"event loop     await, then read and write              200",
			"pool, one key  read, await, write                      200",
			"",
		}, "\n"), out.String())
	})
}
