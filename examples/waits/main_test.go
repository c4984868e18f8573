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
func TestOnlyNamedWaitsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, strings.Join([]string{
			"20 tasks, 10ms each       event loop   pool of 4   global lock",
			"quartet.Sleep                  10ms        50ms          10ms",
			"time.Sleep in Block            10ms        50ms          10ms",
			"time.Sleep                    200ms        50ms         200ms",
			"",
		}, "\n"), out.String())
	})
}
