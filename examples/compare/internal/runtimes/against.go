package runtimes

import (
	"fmt"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Complete adds to a table what is known of real rows: how others compare with them, and why some are missing from now on.
func (in *Installed) Complete(t *result.Table) {
	in.Against(t)
	for _, s := range in.servers {
		if news := s.news(); news != "" {
			t.Remarks = append(t.Remarks, news)
		}
	}
}

// Against notes in a table how the figure of its bar compares, of each simulated row with the real one. Not in chat, whose
// 5 µs of a receiver are less than a real row's socket takes.
func (in *Installed) Against(t *result.Table) {
	if t.Name == "chat" {
		return
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		name, ok := in.against[r.Model]
		if !ok {
			continue
		}
		if real, ok := t.Row(name); ok && real.Of(t.BarOf) > 0 {
			r.AgainstReal = float64(r.Of(t.BarOf)) / float64(real.Of(t.BarOf))
			t.Remarks = append(t.Remarks, fmt.Sprintf("against the real one: the %s of %s is %.2f times that of %s", t.BarOf, r.Name, r.AgainstReal, name))
		}
	}
}
