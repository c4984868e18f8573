package gil

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// How a thread's computing is cut up changes nothing: neither how long threads have the lock, nor
// whether they release it after their ticks.
func TestPiecesDoNotMatter(t *testing.T) {
	for _, c := range []struct {
		version string
		args    map[string]float64
		off     float64
	}{
		{"3.12", map[string]float64{"n": 2, "interval": 5, "dur": 5}, .02},
		{"3.12", map[string]float64{"n": 4, "interval": 1, "dur": 5}, .05},
		{"2.7", map[string]float64{"n": 2, "interval": 100, "dur": .5}, .15},
		{"2.7", map[string]float64{"n": 2, "interval": 10_000, "dur": 5}, .3}, // 50 µs: longer than some of the pieces
	} {
		l := lab{TB: t, version: c.version, args: c.args, piece: time.Hour}
		whole := simSwitch(l)
		require.Positive(t, whole["per_s"])
		for _, l.piece = range []time.Duration{3 * us, 20 * us, ms} {
			cut := simSwitch(l)
			require.InEpsilon(t, whole["per_s"], cut["per_s"], c.off, "%s, %v, pieces of %v", c.version, c.args,
				l.piece)
			if c.version == "3.12" {
				require.InEpsilon(t, whole["hold_p99"], cut["hold_p99"], .05, "%v, pieces of %v", c.args, l.piece)
			}
		}
	}
}
