package gil

import (
	"encoding/csv"
	"flag"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

var predict = flag.Bool("predict", false, "write testdata/predicted.csv anew: only before the programs are measured")

// programs are the experiments whose figures were written down before they were measured.
var programs = []string{
	"queued workers=2 beside=0 dur=.8", "queued workers=2 beside=1 dur=1.5", "requests workers=4 rate=200 dur=1.5",
	"requests workers=8 rate=600 dur=1.5", "logs workers=4 beside=0 dur=.8", "logs workers=4 beside=1 dur=1.5",
}

const predictedFile = "testdata/predicted.csv"

// The simulator still says what it said before the programs were measured, or nearly: a better
// machine may say better, and then the table of measurements shows it; it must not have been fitted
// to the programs.
func TestPredictionsStand(t *testing.T) {
	if underRace {
		t.Skip("under the race detector simulations take minutes, and they are of one goroutine")
	}
	var rows [][]string
	for _, program := range programs {
		f := settings[0].medians(t, "3.12", program, parts{})
		for _, figure := range slices.Sorted(maps.Keys(f)) {
			rows = append(rows, []string{"3.12", program, figure, strconv.FormatFloat(f[figure], 'g', 4, 64)})
		}
	}
	if *predict {
		f, err := os.Create(predictedFile)
		require.NoError(t, err)
		require.NoError(t,
			csv.NewWriter(f).WriteAll(append([][]string{{"version", "experiment", "figure", "predicted"}}, rows...)))
		require.NoError(t, f.Close())
	}
	f, err := os.Open(predictedFile)
	require.NoError(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines[1:], len(rows))
	for i, line := range lines[1:] {
		require.Equal(t, rows[i][:3], line[:3])
		was, err := strconv.ParseFloat(line[3], 64)
		require.NoError(t, err)
		is, err := strconv.ParseFloat(rows[i][3], 64)
		require.NoError(t, err)
		t.Logf("%-40s %-5s %10s, before it was measured %10s", line[1], line[2], rows[i][3], line[3])
		require.Less(t, math.Abs(is/was-1), .5, "%s, %s", line[1], line[2])
	}
}
