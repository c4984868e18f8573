package runtimes

import (
	"slices"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Complete adds to a table what is known of real rows: how the library's compare with them, and why some are missing from
// now on.
func (in *Installed) Complete(t *result.Table) {
	for _, p := range in.pairs {
		if !slices.Contains(p.in, t.Name) {
			continue
		}
		i := slices.IndexFunc(t.Rows, func(r result.Row) bool { return r.Model == p.model })
		if real, ok := t.Row(p.real); ok && i >= 0 {
			t.Rows[i].Against = append(t.Rows[i].Against, t.Compare(t.Rows[i], real))
		}
	}
	for _, s := range in.servers {
		if news := s.news(); news != "" {
			t.Remarks = append(t.Remarks, news)
		}
	}
}

// twin is a row of the library that does the same as a real one, in these workloads.
type twin struct {
	model string
	in    []string
}

// pair is a twin and its real row.
type pair struct {
	twin
	real string
}

// everywhere are the workloads in which rows are compared: not chat, whose 5 µs for a receiver are less than a real row's
// socket takes.
var everywhere = []string{"mixed", "wait", "crunch"}
