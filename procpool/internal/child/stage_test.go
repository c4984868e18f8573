package child

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStepsReachEachStage(t *testing.T) { require.Empty(t, stages.Unreachable()) }

// Whatever happens, at most one goroutine reads and at most one waits in reserve.
func TestCrews(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var c crew
	readers, reserves := 0, 0
	for range 10_000 {
		read := c.reads()
		switch e := crewEvent(rng.IntN(int(crewEvents))); {
		case !c.onLocked(e):
		case e == comes && read:
			reserves++
		case e == comes:
			readers++
		case e == calledUp:
			reserves--
		case e == hasRead:
			readers--
		}
		require.Equal(t, c == reader || c == both, readers == 1, "%d readers", readers)
		require.Equal(t, c == reserve || c == both, reserves == 1, "%d in reserve", reserves)
		require.Equal(t, readers == 1, c.reads())
	}
	require.False(t, new(crew).onLocked(hasRead), "nobody has read")
}
