package procpool

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever happens, at most one goroutine reads, the wake-up is there exactly while the reader is
// called, and a pipe that nobody reads goes back to the reader within two ticks.
func TestTurns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		turn := turn{again: make(chan struct{}, 1)}
		helpers := 0
		for range 50 {
			e := turnEvent(rng.IntN(int(turnEvents)))
			switch {
			case e == readerWoken && len(turn.again) == 0, e == submitterLeaves && helpers == 0:
				continue
			case e == readerWoken:
				<-turn.again
			}
			changed := turn.onLocked(e)
			if changed && e == submitterTakes {
				helpers++
			}
			if changed && e == submitterLeaves {
				helpers--
			}
			require.LessOrEqual(t, helpers, 1)
			require.Equal(t, turn.who == helping, helpers == 1)
			require.Equal(t, turn.who == called, len(turn.again) == 1)
		}
		if helpers == 1 {
			turn.onLocked(submitterLeaves)
		}
		turn.onLocked(tickPasses)
		turn.onLocked(tickPasses)
		require.Equal(t, reading, turn.who)
	}
}
