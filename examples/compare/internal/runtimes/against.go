package runtimes

import (
	"slices"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Complete adds to a table how the library's rows compare with real ones, and why real rows are
// missing from now on.
func (in *Installed) Complete(t *result.Table) {
	for _, p := range in.pairs {
		if !slices.Contains(compared, t.Name) {
			continue
		}
		i := slices.IndexFunc(t.Rows, func(r result.Row) bool { return r.Model == p.model })
		if real, ok := t.Row(p.real); ok && i >= 0 {
			against := t.Compare(t.Rows[i], real)
			t.Rows[i].Against = append(t.Rows[i].Against, against)
			switch {
			case against.Apart() && t.Rows[i].Noisy: // the difference may be that of other programs
				t.Rows[i].Qualify(p.like, "perhaps")
			case against.Apart():
				t.Rows[i].Qualify(p.like, "here unlike")
			}
		}
	}
	for _, s := range in.servers {
		if news := s.news(); news != "" {
			t.Remarks = append(t.Remarks, news)
		}
	}
}

// twin is a row of the library that does the same as a real one, and the name of the model that it
// is like for that reason.
type twin struct{ model, like string }

// pair is a twin and its real row.
type pair struct {
	twin
	real string
}

// compared are the workloads in which rows are held against real ones.
var compared = []string{"mixed", "wait", "crunch", "chat"}
