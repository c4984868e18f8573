package gil

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// band is a group of acceptance rows of which doc.go states how far predictions are off.
type band struct {
	group string
	has   func(r *measuredRow) bool
}

// is3 is a row of CPython 3, of one of these experiments.
func is3(experiments ...string) func(r *measuredRow) bool {
	return func(r *measuredRow) bool {
		return strings.HasPrefix(r.version, "3.") && slices.ContainsFunc(experiments, func(e string) bool {
			return r.of(e)
		})
	}
}

// of says whether a row is of an experiment: its name, and those of its arguments that are given.
func (r *measuredRow) of(experiment string) bool {
	words := strings.Fields(r.experiment)
	wanted := strings.Fields(experiment)
	return words[0] == wanted[0] && !slices.ContainsFunc(wanted[1:], func(w string) bool {
		return !slices.Contains(words, w)
	})
}

// off is by which factor a prediction is too high or too low. A share is compared in parts of all:
// a prediction of 0.1 for 0.2 is off by a tenth.
func (r *measuredRow) off(predicted float64) float64 {
	if r.isShare() {
		return 1 + math.Abs(predicted-r.median)
	}
	if predicted <= 0 || r.median <= 0 {
		return math.Inf(1)
	}
	return max(predicted/r.median, r.median/predicted)
}

func (r *measuredRow) isShare() bool {
	return slices.Contains([]string{"lost", "write_lost", "oldest_next"}, r.figure)
}

// offs are the sorted factors of the acceptance rows that a band is about.
func (b *band) offs(rows []measuredRow, predicted []float64) (offs []float64) {
	for i, r := range rows {
		if !r.training && !math.IsNaN(predicted[i]) && b.has(&r) {
			offs = append(offs, r.off(predicted[i]))
		}
	}
	slices.Sort(offs)
	return offs
}

// bandsOf is the table of the bands: by which factor half, nine tenths and all of the acceptance
// rows are off.
func bandsOf(t *testing.T, rows []measuredRow, predicted []float64) (table []string) {
	t.Helper()
	table = []string{fmt.Sprintf("%-36s %7s  %8s  %8s  %8s", "acceptance rows", "figures", "half", "9 of 10", "all")}
	for _, b := range bands {
		offs := b.offs(rows, predicted)
		if len(offs) == 0 {
			t.Errorf("%s: no rows", b.group)
			continue
		}
		ninth, worst := offs[(len(offs)*9+9)/10-1], offs[len(offs)-1]
		table = append(table,
			fmt.Sprintf("%-36s %7d  × %6.2f  × %6.2f  × %6.2f", b.group, len(offs), offs[len(offs)/2], ninth, worst))
	}
	for i, r := range rows {
		n := 0
		for _, b := range bands {
			if b.has(&r) {
				n++
			}
		}
		if !r.training && !math.IsNaN(predicted[i]) && n != 1 {
			t.Errorf("%s, %s, %s is in %d bands", r.version, r.experiment, r.figure, n)
		}
	}
	return table
}

// bands are those that doc.go states. Each acceptance row is in one.
var bands = []band{
	{"3.x, two threads that compute", is3("switch n=2", "crunch n=2")},
	{"3.x, four and eight", is3("switch n=4", "crunch n=4", "crunch n=8")},
	{"3.x, waits beside none", is3("echo beside=0", "wake beside=0")},
	{"3.x, waits beside one", is3("echo beside=1", "wake beside=1")},
	{"3.x, waits beside two and three", is3("echo beside=2", "wake beside=2", "wake beside=3")},
	{"3.x, rounds of computing and sleep", is3("rounds", "sleepers")},
	{"3.x, long calls", is3("native")},
	{"3.x, short calls", is3("calls", "writes")},
	{"3.x, a queue, requests, logs", is3("queued", "requests", "logs")},
	{"3.x, interpreters", is3("interpreters")},
	{"2.7", func(r *measuredRow) bool { return r.version == "2.7" }},
	{"Ruby 3.1, OCaml 4.13", func(r *measuredRow) bool { return r.version > "4" }},
}
