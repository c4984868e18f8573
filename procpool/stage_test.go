package procpool

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each state of a table can be reached.
func TestStepsReachEachState(t *testing.T) {
	require.Empty(t, stages.Unreachable())
	require.Empty(t, lives.Unreachable())
	require.Empty(t, comers.Unreachable())
}

func TestStageTellsWhatHasBegun(t *testing.T) {
	for s := range ending + 1 {
		require.Equal(t, s == suspended || s == resumed, s.begun(), stages.Names[s])
	}
}

// Workers that were starting when the breaker opened fail with it: that is one failure of the
// program, and not one for each.
func TestTheBreakerRestsOnceForARound(t *testing.T) {
	var b boot
	for range 8 {
		b.openLocked(errors.New("no such interpreter"))
	}
	require.Equal(t, firstRest, b.rest)
	b.until = b.until.Add(-2 * firstRest) // the rest is over
	b.openLocked(errors.New("no such interpreter"))
	require.Equal(t, 2*firstRest, b.rest)
}

func TestTheTailOfLongLinesIsShort(t *testing.T) {
	var end tail
	for _, line := range []string{"before", "panic: " + strings.Repeat("x", 64<<10), strings.Repeat("y", 64<<10)} {
		end.add([]byte(line), 1)
	}
	text := string(end.of(1))
	require.LessOrEqual(t, len(text), maxTail+2*maxHead+100)
	require.Contains(t, text, "before\npanic: xxx")
	require.Contains(t, text, "[…]")
}
