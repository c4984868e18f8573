package gil_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// Each thread that gets the lock after another one is a switch, and a thread that takes its own
// lock back is none. The first turn of a thread, for which it has no task yet, is no exception.
func TestEachNewThreadIsASwitch(t *testing.T) {
	s := gil.New(gil.Config{})
	for n := range uint64(3) {
		err := quartet.Run(t.Context(), s, func(ctx context.Context) error {
			for range 2 {
				_ = quartet.Sleep(ctx, time.Microsecond)
			}
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, n+1, s.Contention().Switches)
	}
	require.NoError(t, s.Close())
}
