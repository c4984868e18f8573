package verdict

import (
	"fmt"
	"slices"
	"strings"
)

// Evidence is what claims are judged by.
type Evidence struct {
	Figures Figures
	Cores   int
	// Real names, for a model, the row of a real runtime that does the same, if one was measured.
	// It also names the row that is meant by "node", "python asyncio" and the like.
	Real map[string]string
	// Simulated are the models that stand for a runtime by simulation.
	Simulated []string
}

// Judge gives the verdicts on all claims.
func Judge(e Evidence) []Verdict {
	vs := make([]Verdict, len(Claims))
	for i, c := range Claims {
		vs[i] = c.Judge(e)
	}
	return vs
}

// Judge gives the verdict on c. It judges by real rows where there is one for each model of the
// claim.
func (c Claim) Judge(e Evidence) Verdict {
	v := Verdict{Claim: c.Text, Outcome: Unmeasured, Expect: c.Expect}
	if c.Ratio[0] == "" {
		v.Why = NoWorkload
		return v
	}
	c.Ratio, c.Than = e.real(c.Ratio), e.real(c.Than)
	q, state := c.ratio(e.Figures)
	switch {
	case state == missing:
		v.Why, v.Evidence = e.absent(c)
		return v
	case c.Parallel && e.Cores < 2:
		v.Outcome, v.Evidence = Inconclusive, "needs at least two cores"
		return v
	case state == never && c.crowded(e):
		v.Outcome, v.Evidence = Inconclusive, "never here, but other programs used the machine"
		return v
	case state == never:
		v.Outcome, v.Evidence = DoesNotHold, "never on this machine"
		return v
	case state == zero:
		v.Outcome, v.Evidence = Inconclusive, fmt.Sprintf("%s is 0, by which nothing is divided", c.divisor(e.Figures))
		return v
	}
	v.Evidence = c.say(e, q)
	switch {
	case c.crowded(e):
		v.Outcome = Inconclusive
		v.Evidence += fmt.Sprintf("; other programs used the machine, and left %.2f cores", c.given(e.Figures).Median())
	case e.doubt(c.Ratio) != "":
		v.Outcome = Inconclusive
		v.Evidence += "; " + e.doubt(c.Ratio)
	case c.BreakEven != "":
		v.Outcome, v.Evidence = Depends, fmt.Sprintf(c.BreakEven, q.Median())+"; "+v.Evidence
	default:
		v.Outcome = c.outcome(q)
		v.Evidence += c.threshold()
	}
	return v
}

// name is the name of a figure in its parts: workload/model/figure.
type name struct{ workload, model, figure string }

func split(figure string) (n name, ok bool) {
	parts := strings.SplitN(figure, "/", 3)
	if len(parts) != 3 {
		return name{}, false
	}
	return name{parts[0], parts[1], parts[2]}, true
}

func (n name) of(model string) string { return n.workload + "/" + model + "/" + n.figure }

// real returns the names of the figures of real rows, if each figure of the ratio has one; else the
// names as they were.
func (e Evidence) real(ratio [2]string) [2]string {
	replaced := ratio
	for i, figure := range ratio {
		if figure == "" {
			continue
		}
		n, ok := split(figure)
		if !ok {
			return ratio
		}
		if replaced[i] = n.of(e.Real[n.model]); e.Figures[replaced[i]] == nil {
			return ratio
		}
	}
	return replaced
}

// isReal reports whether a claim's model is a real runtime.
func isReal(model string) bool {
	return strings.Contains(model, "python") || strings.HasPrefix(model, "node")
}

// absent says why the figures of a claim are not there.
func (e Evidence) absent(c Claim) (Why, string) {
	for _, figure := range slices.Concat(c.Ratio[:], c.Than[:]) {
		n, ok := split(figure)
		if _, there := e.Figures[figure]; there || !ok {
			continue
		}
		switch {
		case isReal(n.model) && len(e.Real) == 0:
			return NeedsRuntimes, ""
		case !e.ran(n.workload):
			return NotRun, workloadOf(n.workload)
		}
		return NoRow, e.lacks(n)
	}
	return NotRun, ""
}

// lacks says what a workload that ran has not measured: the row, or this figure of it.
func (e Evidence) lacks(n name) string {
	for figure := range e.Figures {
		if m, ok := split(figure); ok && workloadOf(m.workload) == workloadOf(n.workload) && m.model == n.model {
			return fmt.Sprintf("%s has no figure %q of %s", n.workload, n.figure, n.model)
		}
	}
	return workloadOf(n.workload) + " ran without " + n.model
}

// ran reports whether there is any figure of a workload.
func (e Evidence) ran(workload string) bool {
	for figure := range e.Figures {
		if n, ok := split(figure); ok && workloadOf(n.workload) == workloadOf(workload) && n.model != "machine" {
			return true
		}
	}
	return false
}

// workloadOf is the workload of which "crunch native" is a part.
func workloadOf(part string) string {
	workload, _, _ := strings.Cut(part, " ")
	return workload
}

// doubt returns why the ratio's simulated figures are no evidence: a real row of the same run
// contradicts one of them.
func (e Evidence) doubt(ratio [2]string) string {
	for _, figure := range ratio {
		n, ok := split(figure)
		if !ok || !slices.Contains(e.Simulated, n.model) {
			continue
		}
		real := e.Figures[n.of(e.Real[n.model])].Median()
		simulated := e.Figures[figure].Median()
		if real > 0 && simulated > 0 && (real > Tolerance*simulated || simulated > Tolerance*real) {
			return fmt.Sprintf("the simulated %s is %.2g times that of %s", n.model, simulated/real, e.Real[n.model])
		}
	}
	return ""
}

// state says whether there is a ratio.
type state uint8

const (
	measured state = iota
	missing        // a figure was not measured
	never          // it was, and there is no such value: see Never
	zero           // the divisor is 0
)

func (c Claim) ratio(fs Figures) (Figure, state) {
	q, s := over(fs, c.Ratio, c.Per)
	if c.Than[0] == "" || s == missing {
		return q, s
	}
	than, t := over(fs, c.Than, 0)
	if s = max(s, t); t == missing || s != measured {
		return nil, s
	}
	q, ok := q.Over(than)
	if !ok {
		return nil, zero
	}
	return q, measured
}

// over is the first figure over the second, or over the constant.
func over(fs Figures, ratio [2]string, per float64) (Figure, state) {
	above, ok := fs[ratio[0]]
	if !ok {
		return nil, missing
	}
	below := Exactly(per)
	if per == 0 {
		if below, ok = fs[ratio[1]]; !ok {
			return nil, missing
		}
	}
	if len(above) == 0 || len(below) == 0 {
		return nil, never
	}
	q, ok := above.Over(below)
	if !ok {
		return nil, zero
	}
	return q, measured
}

// divisor is the figure that is 0.
func (c Claim) divisor(fs Figures) string {
	for _, figure := range []string{c.Ratio[1], c.Than[0], c.Than[1]} {
		if f := fs[figure]; len(f) > 0 && slices.Min(f) <= 0 {
			return figure
		}
	}
	return c.Ratio[1]
}

// given is the number of cores that there were for the workload that c is about.
func (c Claim) given(fs Figures) Figure {
	workload, _, _ := strings.Cut(c.Ratio[0], "/")
	return fs[Given(workloadOf(workload))]
}

// crowded reports whether other programs used the machine in most rounds. Where they did in some,
// the spread tells. Counts do not depend on them.
func (c Claim) crowded(e Evidence) bool {
	given := c.given(e.Figures)
	return !c.Counts && len(given) > 0 && given.Median() < Enough(e.Cores)
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
