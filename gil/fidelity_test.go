package gil

import (
	"crypto/sha256"
	"encoding/csv"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var measuredFile = flag.String("measured", "testdata/measured.csv",
	"the file of measurements that TestFidelity looks at")

// measuredValue is a figure as real runs gave it.
type measuredValue struct{ median, least, most float64 }

// measuredRow is a figure of an experiment.
type measuredRow struct {
	version, experiment, figure string
	measuredValue
	training bool // the constants of LinuxVM were fitted to it
}

// readMeasured reads a table that testdata/measure/measure.py wrote.
func readMeasured(t testing.TB, file string) []measuredRow {
	if underRace {
		t.Skip("under the race detector simulations take minutes, and they are of one goroutine")
	}
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	var rows []measuredRow
	for _, line := range lines[1:] {
		r := measuredRow{version: line[0], experiment: line[1], figure: line[2]}
		r.training = isTraining(r.experiment)
		for i, x := range []*float64{&r.median, &r.least, &r.most} {
			*x, err = strconv.ParseFloat(line[3+i], 64)
			require.NoError(t, err)
		}
		rows = append(rows, r)
	}
	return rows
}

// isTraining says whether constants may be fitted to an experiment, in any version: a hash of its
// line decides, so that nobody can choose. The three programs are never for training, nor are the
// other languages.
func isTraining(experiment string) bool {
	switch name, _, _ := strings.Cut(experiment, " "); name {
	case "queued", "requests", "logs", "sleeper":
		return false
	}
	return sha256.Sum256([]byte(experiment))[0]&1 == 0
}

func (r *measuredRow) half() string {
	if r.training {
		return "training"
	}
	return "acceptance"
}

// tolerance is how far a prediction may be off.
func (r *measuredRow) tolerance() float64 {
	if strings.HasSuffix(r.figure, "p99") || strings.HasSuffix(r.figure, "max") {
		return .20
	}
	return .10
}

// holds says whether a prediction is near enough, or within the spread of the measurements
// themselves.
func (r *measuredRow) holds(predicted float64) bool {
	return math.Abs(predicted-r.median) <= r.tolerance()*math.Abs(r.median) || predicted >= r.least &&
		predicted <= r.most
}

// setting is how experiments are simulated.
type setting struct {
	name   string
	seeds  int
	piece  time.Duration
	beside int
}

// settings are the usual one, and those that should change nothing.
var settings = []setting{
	{"usual", 9, 20 * us, 0},
	{"pieces of 1 h", 9, time.Hour, 0},
	{"15 seeds", 15, 50 * us, 0},
	{"beside other programs", 9, 50 * us, 1},
}

// predict returns what the simulator says of each row; NaN where it says nothing.
func (s setting) predict(t testing.TB, rows []measuredRow) []float64 {
	predicted := make([]float64, len(rows))
	for i := 0; i < len(rows); {
		end := i
		var asMeasured parts
		for ; end < len(rows) && rows[end].version == rows[i].version &&
			rows[end].experiment == rows[i].experiment; end++ {
			switch rows[end].figure {
			case "compute":
				asMeasured.compute = rows[end].median
			case "wait":
				asMeasured.wait = rows[end].median
			}
		}
		all := s.medians(t, rows[i].version, rows[i].experiment, asMeasured)
		for ; i < end; i++ {
			x, ok := all[rows[i].figure]
			if predicted[i] = x; !ok {
				predicted[i] = math.NaN()
			}
		}
	}
	return predicted
}

// trial is what decides how an experiment ends: rows of two versions with the same lock share one.
type trial struct {
	setting    setting
	policy     Policy
	experiment string
	asMeasured parts
}

// medianOf has the figures of each trial that a test has asked for: no two tests simulate the same.
var medianOf = make(map[trial]figures)

// medians are the figures of an experiment: the medians of some seeds.
func (s setting) medians(t testing.TB, version, experiment string, asMeasured parts) figures {
	name, args, err := parseExperiment(experiment)
	require.NoError(t, err)
	l := lab{TB: t, version: version, args: args, piece: s.piece, beside: s.beside, asMeasured: asMeasured}
	key := trial{setting: s, policy: l.policy(), experiment: experiment, asMeasured: asMeasured}
	out, simulated := medianOf[key]
	if !simulated {
		out = s.simulate(l, experiments[name])
		medianOf[key] = out
	}
	return out
}

// simulate runs an experiment with each seed; there are no figures of one that has no simulation.
func (s setting) simulate(l lab, run func(l lab) figures) figures {
	all := make(map[string][]float64)
	for seed := range s.seeds {
		if run != nil {
			l.seed = uint64(seed)
			for figure, x := range run(l) {
				all[figure] = append(all[figure], x)
			}
		}
	}
	out := make(figures)
	for figure, xs := range all {
		slices.Sort(xs)
		out[figure] = xs[len(xs)/2]
	}
	return out
}

// tally counts figures that are inside, of all.
type tally struct{ inside, of int }

func (c *tally) add(inside bool) {
	c.of++
	if inside {
		c.inside++
	}
}

func (c tally) percent() float64 { return 100 * float64(c.inside) / float64(max(1, c.of)) }

// atLeast are the floors of the shares inside.
var atLeast = map[string]float64{
	"2.7": 65, "3.8": 88, "3.11": 88, "3.12": 88, "3.13": 88, "ocaml4.13": 100, "ruby3.1": 65,
}

// isOwn says whether the measurements are the project's own, for which doc.go states bands.
func isOwn() bool { return *measuredFile == flag.Lookup("measured").DefValue }

// TestFidelity holds the simulator against real Pythons, and others: with -v it prints the whole
// table. The shares inside are those that the documentation states.
func TestFidelity(t *testing.T) {
	rows := readMeasured(t, *measuredFile)
	predicted := settings[0].predict(t, rows)
	for i, r := range rows {
		if math.IsNaN(predicted[i]) {
			continue
		}
		verdict := "OUTSIDE"
		if r.holds(predicted[i]) {
			verdict = "inside"
		}
		t.Logf("%-9s %-38s %-11s predicted %10s real %10s (%s to %s) %+7.1f%%  %-10s %s", r.version, r.experiment,
			r.figure,
			short(predicted[i]), short(r.median), short(r.least), short(r.most), 100*(predicted[i]/r.median-1),
			r.half(), verdict)
	}
	table := sharesOf(t, rows, predicted)
	if isOwn() {
		isDocumented(t, table)
		isDocumented(t, bandsOf(t, rows, predicted))
	} else {
		t.Log("\n" + strings.Join(table, "\n"))
	}
}

// shares are those of one version's rows that are inside.
type shares struct {
	all, training, acceptance tally
	pythons                   tally // if other Pythons had made the predictions
}

// sharesOf is the table of the shares inside, by version.
func sharesOf(t *testing.T, rows []measuredRow, predicted []float64) (table []string) {
	t.Helper()
	of := make(map[string]*shares)
	for i, r := range rows {
		if math.IsNaN(predicted[i]) {
			continue
		}
		s := of[r.version]
		if s == nil {
			s = &shares{}
			of[r.version] = s
		}
		inside := r.holds(predicted[i])
		s.all.add(inside)
		if r.training {
			s.training.add(inside)
		} else {
			s.acceptance.add(inside)
		}
		if other, ok := r.inOtherPythons(rows); ok {
			s.pythons.add(r.holds(other))
		}
	}
	table = []string{"measurements  figures  inside  training  acceptance  at least  other Pythons"}
	for _, version := range slices.Sorted(maps.Keys(of)) {
		s, pythons := of[version], "–"
		if s.pythons.of > 0 {
			pythons = fmt.Sprintf("%.0f%%", s.pythons.percent())
		}
		table = append(table, fmt.Sprintf("%-13s %7d  %5.0f%%  %7.0f%%  %9.0f%%  %7.0f%%  %13s", version, s.all.of,
			s.all.percent(), s.training.percent(), s.acceptance.percent(), atLeast[version], pythons))
		if s.all.percent() < atLeast[version] && isOwn() {
			t.Errorf("%s: %.1f%% are inside, the floor is %.0f%%", version, s.all.percent(), atLeast[version])
		}
	}
	return table
}

// inOtherPythons is the same figure, measured in the other versions of CPython 3, which have the
// same lock: no simulator can be expected to be nearer.
func (r *measuredRow) inOtherPythons(rows []measuredRow) (median float64, ok bool) {
	var others []float64
	for _, o := range rows {
		if o.experiment == r.experiment && o.figure == r.figure && o.version != r.version && o.isPython3() {
			others = append(others, o.median)
		}
	}
	if len(others) == 0 || !r.isPython3() {
		return 0, false
	}
	slices.Sort(others)
	return (others[(len(others)-1)/2] + others[len(others)/2]) / 2, true
}

func (r *measuredRow) isPython3() bool { return strings.HasPrefix(r.version, "3.") }

// TestPingsAreWithinAFactorOfTwo: how late a thread has a message, beside none to three threads
// that compute, in 19 figures of 20.
func TestPingsAreWithinAFactorOfTwo(t *testing.T) {
	rows := slices.DeleteFunc(readMeasured(t, *measuredFile), func(r measuredRow) bool { return !r.of("wake") })
	var within tally
	for i, predicted := range settings[0].predict(t, rows) {
		within.add(rows[i].off(predicted) <= 2)
	}
	t.Logf("%d of %d", within.inside, within.of)
	require.GreaterOrEqual(t, within.percent(), 95.)
}

// TestFidelityDoesNotDependOnTheSetting: how long the pieces are in which a program computes, how
// many seeds there are and whether other programs use some of the machine changes few verdicts.
func TestFidelityDoesNotDependOnTheSetting(t *testing.T) {
	rows := slices.DeleteFunc(readMeasured(t, *measuredFile), func(r measuredRow) bool { return r.version != "3.12" })
	usual := settings[0].predict(t, rows)
	table := []string{fmt.Sprintf("%-23s %8s  %6s  %s", "setting", "figures", "inside", "other verdicts")}
	for _, s := range settings {
		var inside, other tally
		predicted := usual
		if s != settings[0] {
			predicted = s.predict(t, rows)
		}
		for i, r := range rows {
			if !math.IsNaN(predicted[i]) {
				inside.add(r.holds(predicted[i]))
				other.add(r.holds(predicted[i]) != r.holds(usual[i]))
			}
		}
		table = append(table,
			fmt.Sprintf("%-23s %8d  %5.0f%%  %13.0f%%", s.name, inside.of, inside.percent(), other.percent()))
	}
	if isOwn() {
		isDocumented(t, table)
	} else {
		t.Log("\n" + strings.Join(table, "\n"))
	}
}

// short writes x with four digits, and never with an exponent.
func short(x float64) string {
	if math.Abs(x) >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// isDocumented checks that the package comment has these lines, as preformatted text. With -update
// it writes them there, in place of those that begin alike.
func isDocumented(t *testing.T, table []string) {
	t.Helper()
	read, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	t.Log("\n" + strings.Join(table, "\n"))
	doc := strings.ReplaceAll(string(read), "\r\n", "\n")
	text := "//\t" + strings.Join(table, "\n//\t") + "\n"
	if strings.Contains(doc, text) {
		return
	}
	if flag.Lookup("update").Value.String() != "true" {
		t.Error("doc.go has another table than this one; go test ./gil -run Fidelity -update writes it")
		return
	}
	before, rest, found := strings.Cut(doc, "//\t"+table[0]+"\n")
	require.True(t, found, "doc.go has no table that begins with %q", table[0])
	for strings.HasPrefix(rest, "//\t") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	require.NoError(t, os.WriteFile("doc.go", []byte(before+text+rest), 0o644))
}
