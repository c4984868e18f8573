package result

import (
	"fmt"
	"strings"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// Against is a row's figures over those of a real runtime that does the same: its latencies, or its
// speed. 0: not compared.
type Against struct {
	Real  string  `json:"real"` // that row's name
	P50   float64 `json:"p50,omitempty"`
	P99   float64 `json:"p99,omitempty"`
	Speed float64 `json:"per_second,omitempty"`
}

// Compare is how a row of t stands against a real one: by the median, and by what t is about.
func (t Table) Compare(r, real Row) Against {
	a := Against{Real: real.Name, P50: over(r.P50, real.P50)}
	if t.BarOf == P99 {
		a.P99 = over(r.P99, real.P99)
	} else {
		a.Speed = over(real.Wall, r.Wall)
	}
	return a
}

// Apart reports whether the medians differ by more than the tolerance, so that the row does not
// stand for the real one.
func (a Against) Apart() bool {
	return a.P50 > verdict.Tolerance || a.P50 > 0 && a.P50 < 1/verdict.Tolerance
}

// Qualify puts a word before one of those that the row is like: it does not stand for that one.
func (r *Row) Qualify(what, word string) {
	parts := strings.Split(r.Like, "; ")
	for i, part := range parts {
		if part == what {
			parts[i] = word + " " + what
		}
	}
	r.Like = strings.Join(parts, "; ")
}

// Compared reports whether any row of t is compared with a real one.
func (t Table) Compared() bool {
	for _, r := range t.Rows {
		if len(r.Against) > 0 {
			return true
		}
	}
	return false
}

// Comparison is how the row stands against real ones, in one line; - without any.
func (r Row) Comparison() string {
	if len(r.Against) == 0 {
		return "-"
	}
	all := make([]string, len(r.Against))
	for i, a := range r.Against {
		all[i] = a.String()
	}
	return strings.Join(all, "; ")
}

func (a Against) String() string {
	var all []string
	for _, x := range []struct {
		figure Figure
		times  float64
	}{{P50, a.P50}, {P99, a.P99}, {Speed, a.Speed}} {
		if x.times > 0 {
			all = append(all, fmt.Sprintf("%s × %.2f", x.figure, x.times))
		}
	}
	return a.Real + ": " + strings.Join(all, ", ")
}

// over is a/b; 0 without a b.
func over(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
