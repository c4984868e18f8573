package verdict

import "slices"

// Figure is what the rounds measured, in their order.
type Figure []float64

// Never is a figure that was looked for and does not exist, as a length from which on something
// pays.
func Never() Figure { return Figure{} }

// Exactly is a figure without spread.
func Exactly(v float64) Figure { return Figure{v} }

// Over is f/g, round by round: what disturbed the machine in one of them disturbed both. Where one
// has fewer rounds its median stands for it. ok is false where a divisor is 0, or there are none.
func (f Figure) Over(g Figure) (q Figure, ok bool) {
	if len(f) == 0 || len(g) == 0 || slices.Min(g) <= 0 {
		return nil, false
	}
	rounds := max(len(f), len(g))
	for i := range rounds {
		q = append(q, f.round(i, rounds)/g.round(i, rounds))
	}
	return q, true
}

func (f Figure) round(i, of int) float64 {
	if len(f) == of {
		return f[i]
	}
	return f.Median()
}

// Median of the rounds, the upper one of two; 0 of none.
func (f Figure) Median() float64 {
	if len(f) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(f))[len(f)/2]
}

// Figures are measured figures by name: workload/model/figure. Times are in seconds.
type Figures map[string]Figure
