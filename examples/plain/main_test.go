package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble only waits take time, so the figures are exact; run itself compares what the two ways give.
func TestBothWaysGiveTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, strings.Join([]string{
			"job                        plain Go                quartet",
			"join 8 waits               WaitGroup      10ms     pool of 8     10ms",
			"count to 10,000            Mutex            0s     event loop      0s",
			"1,000 waits of 10 ms       goroutines     10ms     pool of 8    1.25s",
			"",
		}, "\n"), out.String())
	})
}
