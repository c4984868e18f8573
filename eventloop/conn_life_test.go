package eventloop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the table of a connection's life must never lose, whatever else is changed in it.
func TestTheTableOfAConnectionsLife(t *testing.T) {
	for from := range lives {
		for ev := range events {
			to := transitions[from][ev]
			require.GreaterOrEqual(t, to, min(from, closed), "a connection never comes back to life: %d, %d", from, ev)
			if to == over {
				require.True(t, from == over || from == closed && ev == settles,
					"the end comes after the close: %d, %d", from, ev)
			}
		}
		require.GreaterOrEqual(t, transitions[from][aborts], closed, "Abort ends every state at once: %d", from)
		require.NotEqual(t, alive, transitions[from][closes], "Close begins the end of every state: %d", from)
		require.NotEqual(t, alive, transitions[from][fails], "a failure begins the end of every state: %d", from)
	}
	require.Equal(t, over, transitions[closed][settles])
}
