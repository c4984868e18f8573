// Package verdict judges claims by measured figures. A verdict is given only where the spread of the rounds lies on one
// side of the claim's threshold.
package verdict

import (
	"fmt"
	"slices"
	"strings"
)

// Outcome is what the figures say about a claim.
type Outcome string

// The outcomes. Unmeasured: no workload that ran gives the claim's figures.
const (
	Holds        Outcome = "HOLDS"
	DoesNotHold  Outcome = "DOES NOT HOLD"
	Depends      Outcome = "DEPENDS"
	Inconclusive Outcome = "INCONCLUSIVE"
	Unmeasured   Outcome = "not measured"
)

// Why says why a claim was not measured.
type Why string

// The reasons.
const (
	NotRun     Why = "not measured this time: their workloads did not run, or not with these rows"
	NoWorkload Why = "claims that no workload measures"
)

// Enough is how much of two cores a program must get for claims that need two.
const Enough = 1.6

// Given names the figure of how many cores busy goroutines got during a workload: fewer than there are while other
// programs use the machine.
func Given(workload string) string { return workload + "/machine/cores" }

// Claim is a statement and how to judge it. Without a Ratio it is one that no workload measures.
type Claim struct {
	Text  string
	Ratio [2]string // names of two figures: the first over the second is judged
	Per   float64   // in place of the second: a constant
	// The claim holds where the ratio is at least AtLeast, or, if that is 0, at most AtMost.
	AtLeast, AtMost float64
	BreakEven       string  // with a %: the ratio is no verdict but where the answer turns
	Parallel        bool    // needs at least two cores
	Expect          Outcome // what Contradicts compares with
}

// Verdict is a claim that has been judged.
type Verdict struct {
	Claim    string  `json:"claim"`
	Evidence string  `json:"evidence,omitempty"`
	Outcome  Outcome `json:"outcome"`
	Expect   Outcome `json:"expect,omitempty"`
	Why      Why     `json:"why,omitempty"` // when it was not measured
}

// Judge gives the verdicts on all claims.
func Judge(fs Figures, cores int) []Verdict {
	vs := make([]Verdict, len(Claims))
	for i, c := range Claims {
		vs[i] = c.Judge(fs, cores)
	}
	return vs
}

// Judge gives the verdict on c by figures that were measured on so many cores.
func (c Claim) Judge(fs Figures, cores int) Verdict {
	v := Verdict{Claim: c.Text, Outcome: Unmeasured, Expect: c.Expect}
	q, ok := c.ratio(fs)
	if !ok {
		v.Why = NotRun
		if c.Ratio[0] == "" {
			v.Why = NoWorkload
		}
		return v
	}
	v.Evidence = fmt.Sprintf("%s = %s (rounds: %s to %s)", c.over(), digits(q.Median()), digits(slices.Min(q)), digits(slices.Max(q)))
	switch {
	case c.Parallel && cores < 2:
		v.Outcome, v.Evidence = Inconclusive, "needs at least two cores"
	case c.Parallel && c.crowded(fs):
		v.Outcome = Inconclusive
		v.Evidence += fmt.Sprintf("; needs two cores, and other programs left %.2f", c.given(fs).Median())
	case c.BreakEven != "":
		v.Outcome, v.Evidence = Depends, fmt.Sprintf(c.BreakEven, q.Median())
	default:
		v.Outcome = c.outcome(q)
		v.Evidence += c.threshold()
	}
	return v
}

func (c Claim) ratio(fs Figures) (Figure, bool) {
	over, ok := fs[c.Ratio[0]]
	if !ok {
		return nil, false
	}
	if c.Per > 0 {
		return over.Over(Exactly(c.Per))
	}
	under, ok := fs[c.Ratio[1]]
	if !ok {
		return nil, false
	}
	return over.Over(under)
}

// given is how many cores there were for the workload that c is about.
func (c Claim) given(fs Figures) Figure {
	workload, _, _ := strings.Cut(c.Ratio[0], "/")
	workload, _, _ = strings.Cut(workload, " ") // "crunch native" is a part of crunch
	return fs[Given(workload)]
}

// crowded reports whether other programs took the second core in most rounds. Where they took it in some, the spread tells.
func (c Claim) crowded(fs Figures) bool {
	given := c.given(fs)
	return len(given) > 0 && given.Median() < Enough
}

func (c Claim) over() string {
	if c.Per > 0 {
		return fmt.Sprintf("%s ÷ %g", c.Ratio[0], c.Per)
	}
	return c.Ratio[0] + " ÷ " + c.Ratio[1]
}

// digits has three that tell something.
func digits(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func (c Claim) threshold() string {
	if c.AtLeast > 0 {
		return fmt.Sprintf("; holds from %g", c.AtLeast)
	}
	return fmt.Sprintf("; holds up to %g", c.AtMost)
}

func (c Claim) outcome(q Figure) Outcome {
	low, high := slices.Min(q), slices.Max(q)
	yes, no := high <= c.AtMost, low > c.AtMost
	if c.AtLeast > 0 {
		yes, no = low >= c.AtLeast, high < c.AtLeast
	}
	switch {
	case yes:
		return Holds
	case no:
		return DoesNotHold
	}
	return Inconclusive
}

// Contradicts reports whether the figures say the opposite of what is expected.
func (v Verdict) Contradicts() bool {
	return v.Expect == Holds && v.Outcome == DoesNotHold || v.Expect == DoesNotHold && v.Outcome == Holds
}
