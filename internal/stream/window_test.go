package stream

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A reader that has taken all has told enough for the writer to go on, whatever the sizes of the
// items.
func TestNeitherSideWaitsForTheOther(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 200 { // each about 20,000 items
		var w Window
		var tally Tally
		most := 1 << rng.IntN(22)
		for range 200 {
			for !w.Full() {
				size := rng.IntN(most + 1)
				w.Add(size)
				if n := tally.Take(size); n > 0 {
					require.True(t, w.Taken(n))
				}
				if rng.IntN(100) == 0 {
					break
				}
			}
			require.False(t, w.Full(), "all is taken, and the writer waits")
		}
	}
}

func TestWindowIsFull(t *testing.T) {
	var w Window
	for range Items {
		require.False(t, w.Full())
		w.Add(1)
	}
	require.True(t, w.Full())
	require.False(t, w.Taken(Items+1))
	require.True(t, w.Taken(1))
	w.Add(Bytes)
	require.True(t, w.Taken(1))
	require.True(t, w.Full(), "by its bytes")
}
