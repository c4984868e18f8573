package gil

import (
	"encoding/csv"
	"errors"
	"flag"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

var predict = flag.Bool("predict", false, "add programs to testdata/predicted.csv: only before they are measured")

// programs are the experiments whose figures were written down before they were measured: a queue,
// a pool of requests, and logging beside workers.
var programs = []string{
	"queued workers=4 beside=0 every=1 cpu=500 dur=2", "queued workers=2 beside=1 every=3 cpu=400 dur=2",
	"requests workers=8 rate=150 wait=8 cpu=900 seed=0 dur=2", "requests workers=10 rate=700 wait=2 cpu=300 seed=0 dur=2",
	"logs workers=5 beside=0 wait=3 cpu=350 dur=2", "logs workers=4 beside=1 wait=6 cpu=500 dur=2",
}

const predictedFile = "testdata/predicted.csv"

// The simulator still says what it said before the programs were measured, or nearly: a better
// machine may say better, and then the table of measurements shows it; it must not have been fitted
// to the programs.
func TestPredictionsStand(t *testing.T) {
	if underRace {
		t.Skip("under the race detector simulations take minutes, and they are of one goroutine")
	}
	before := readPredicted(t)
	for _, program := range programs {
		now := settings[0].medians(t, "3.12", program, parts{})
		if *predict && before[program] == nil {
			appendPredicted(t, program, now)
			before = readPredicted(t)
		}
		for _, figure := range slices.Sorted(maps.Keys(now)) {
			was, is := before[program][figure], now[figure]
			t.Logf("%-60s %-5s %10.4g, before it was measured %10.4g", program, figure, is, was)
			require.Less(t, math.Abs(is/was-1), .5, "%s, %s", program, figure)
		}
	}
}

// readPredicted reads the figures of each program.
func readPredicted(t *testing.T) map[string]figures {
	f, err := os.Open(predictedFile)
	require.NoError(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	of := make(map[string]figures)
	for _, line := range lines[1:] {
		if of[line[1]] == nil {
			of[line[1]] = make(figures)
		}
		of[line[1]][line[2]], err = strconv.ParseFloat(line[3], 64)
		require.NoError(t, err)
	}
	return of
}

func appendPredicted(t *testing.T, program string, figures figures) {
	f, err := os.OpenFile(predictedFile, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	w := csv.NewWriter(f)
	for _, figure := range slices.Sorted(maps.Keys(figures)) {
		require.NoError(t, w.Write([]string{"3.12", program, figure, strconv.FormatFloat(figures[figure], 'g', 4, 64)}))
	}
	w.Flush()
	require.NoError(t, errors.Join(w.Error(), f.Close()))
}

// within are the limits for the programs, by figure: how far a prediction may be off the median of
// the measurements.
var within = map[string]float64{"per_s": .10, "p50": .15, "p99": .50}

// TestProgramsCameAsPredicted holds the predictions against the measurements that came after them.
func TestProgramsCameAsPredicted(t *testing.T) {
	rows := slices.DeleteFunc(readMeasured(t, *measuredFile),
		func(r measuredRow) bool { return !slices.Contains(programs, r.experiment) })
	if len(rows) == 0 {
		t.Skip("another table of measurements")
	}
	before := readPredicted(t)
	of := make(map[string]*tally)
	for _, r := range rows {
		off := before[r.experiment][r.figure]/r.median - 1
		t.Logf("%-4s %-60s %-5s predicted %10.4g real %10.4g %+6.1f%%", r.version, r.experiment, r.figure,
			before[r.experiment][r.figure], r.median, 100*off)
		if of[r.figure] == nil {
			of[r.figure] = &tally{}
		}
		of[r.figure].add(math.Abs(off) <= within[r.figure])
		require.LessOrEqual(t, math.Abs(off), 1.5*within[r.figure], "%s, %s", r.experiment, r.figure)
	}
	for figure, c := range of {
		t.Logf("%s: %d of %d are within %.0f%%", figure, c.inside, c.of, 100*within[figure])
		require.GreaterOrEqual(t, c.percent(), 90., figure)
	}
}
