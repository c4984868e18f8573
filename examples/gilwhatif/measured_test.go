package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asked is a measured program as a question: the figures of gil's table that it answers.
type asked struct {
	version, experiment string
	question            question
	measured            map[string]float64 // by the figure's name
}

// measuredPrograms reads the measurements of CPython 3 that package gil's tests hold the simulator
// against, and returns those that can be asked for.
func measuredPrograms(t *testing.T) (all []asked) {
	t.Helper()
	f, err := os.Open("../../gil/testdata/measured.csv")
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		version, experiment, figure := row[0], row[1], row[2]
		if !strings.HasPrefix(version, "3.") {
			continue
		}
		if n := len(all); n == 0 || all[n-1].version != version || all[n-1].experiment != experiment {
			all = append(all, asked{version: version, experiment: experiment, measured: make(map[string]float64)})
		}
		all[len(all)-1].measured[figure], err = strconv.ParseFloat(row[3], 64)
		require.NoError(t, err)
	}
	n := 0
	for _, a := range all {
		if a.ask() {
			all[n] = a
			n++
		}
	}
	return all[:n]
}

// ask says in the words of a planner what the experiment does, if that can be said.
func (a *asked) ask() bool {
	words := strings.Fields(a.experiment)
	args := make(map[string]float64)
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		args[key], _ = strconv.ParseFloat(value, 64)
	}
	q := question{
		cores: 2, locked: 100, waits: 1, seeds: 2, spread: "const", interval: 5 * time.Millisecond, slowdown: 1,
		machine: "preset", others: int(args["beside"]),
	}
	if args["interval"] > 0 {
		q.interval = time.Duration(args["interval"] * float64(time.Millisecond))
	}
	micros := func(arg string) time.Duration { return time.Duration(args[arg] * float64(time.Microsecond)) }
	switch words[0] {
	case "requests":
		q.rate, q.threads, q.cpu, q.wait = int(args["rate"]), int(args["workers"]), 2*micros("cpu"), 1000*micros("wait")
		q.span = 2 * time.Second
	case "logs":
		q.threads, q.cpu, q.wait = int(args["workers"]), micros("cpu"), 1000*micros("wait")
	case "rounds":
		q.threads, q.wait = int(args["n"]), micros("wait")
		q.cpu = time.Duration(a.measured["compute"] * float64(time.Second))
	case "wake":
		q.rate, q.threads, q.cpu = 500, 1, 6*time.Microsecond
	default:
		return false
	}
	q.most = q.threads
	a.question = q
	return true
}

// answers gives the bands of the figures that were measured.
func (a *asked) answers(t *testing.T) map[string]band {
	t.Helper()
	q := a.question
	require.NoError(t, q.check())
	lock := q.models()[0]
	if q.rate > 0 {
		s, err := q.serve(lock)
		require.NoError(t, err)
		return map[string]band{"p99": s.p99}
	}
	f, err := q.simulate(lock, q.threads)
	require.NoError(t, err)
	return map[string]band{"per_s": f.perSecond, "p99": f.p99}
}

// The bands contain the measurements of real programs, or the answer says that it does not know.
func TestBandsContainWhatWasMeasured(t *testing.T) {
	known, all := 0, 0
	answered := make(map[question]map[string]band) // two versions may have asked the same
	for _, a := range measuredPrograms(t) {
		doubts := (&answer{question: a.question}).doubts()
		bands, ok := answered[a.question]
		if !ok {
			bands = a.answers(t)
			answered[a.question] = bands
		}
		for figure, b := range bands {
			real, ok := a.measured[figure]
			if !ok {
				continue
			}
			if figure == "p99" {
				real *= 1e3
			}
			all++
			inside := b.least <= real && real <= b.most
			t.Logf("%-5s %-42s %-6s real %9.4g, band %9.4g to %9.4g, %v", a.version, a.experiment, figure, real,
				b.least, b.most,
				map[bool]string{true: "inside", false: fmt.Sprint("outside, doubts: ", doubts)}[inside])
			if len(doubts) == 0 {
				known++
				if !inside {
					t.Errorf("%s, %s, %s: %g is not from %g to %g", a.version, a.experiment, figure, real, b.least,
						b.most)
				}
			}
		}
	}
	require.Greater(t, known, all/2, "most of it is known")
}
