// Package verdict judges claims by measured figures. A verdict is given only where the spread of
// the rounds lies on one side of the claim's threshold.
package verdict

// Outcome is what the figures say about a claim.
type Outcome string

// The outcomes. Unmeasured: the claim's figures are not there.
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
	NotRun        Why = "not measured: these workloads did not run"
	NoRow         Why = "not measured: the workload ran without these rows"
	NeedsRuntimes Why = "not measured: a real Node and a real Python decide; -runtimes auto measures them"
	NoWorkload    Why = "claims that no workload measures"
)

// Whys are all reasons, in the order in which they are said.
var Whys = []Why{NotRun, NoRow, NeedsRuntimes, NoWorkload}

// Enough is the least number of cores that busy goroutines must get of a machine's cores, of two at
// the most, for its figures to count.
func Enough(cores int) float64 { return 0.8 * float64(min(cores, 2)) }

// Tolerance is the factor within which a simulated row must agree with the real one for a claim to
// be judged by it.
const Tolerance = 1.5

// Given names the figure of how many cores busy goroutines got during a workload: fewer than there
// are while other programs use the machine.
func Given(workload string) string { return workload + "/machine/cores" }

// Claim is a statement and how to judge it. Without a Ratio it is one that no workload measures.
type Claim struct {
	Text  string
	Ratio [2]string // names of two figures: the first over the second is judged
	Per   float64   // in place of the second: a constant
	Than  [2]string // two more: the ratio is divided by theirs
	// The claim holds where the ratio is at least AtLeast, or, if that is 0, at most AtMost.
	AtLeast, AtMost float64
	BreakEven       string  // with a %: the ratio is no verdict but where the answer turns
	Parallel        bool    // needs at least two cores
	Counts          bool    // its figures are counts, which other programs on the machine do not change
	Expect          Outcome // what Contradicts compares with
	Say             string  // what the figures say: see Claims
}

// Verdict is a claim that has been judged.
type Verdict struct {
	Claim    string  `json:"claim"`
	Evidence string  `json:"evidence,omitempty"`
	Outcome  Outcome `json:"outcome"`
	Expect   Outcome `json:"expect,omitempty"`
	Why      Why     `json:"why,omitempty"` // when it was not measured
}

// Contradicts reports whether the figures contradict the expectation.
func (v Verdict) Contradicts() bool {
	return v.Expect == Holds && v.Outcome == DoesNotHold || v.Expect == DoesNotHold && v.Outcome == Holds
}
