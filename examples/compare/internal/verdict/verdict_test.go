package verdict

import (
	"testing"

	"github.com/stretchr/testify/require"
)

var faster = Claim{Text: "faster", Ratio: [2]string{"a", "b"}, AtLeast: 2, Parallel: true, Expect: Holds}

func TestOutcomes(t *testing.T) {
	atMost := Claim{Ratio: [2]string{"a"}, Per: 10, AtMost: 2}
	turns := Claim{Ratio: [2]string{"a", "b"}, BreakEven: "up to %.3g"}
	for _, c := range []struct {
		claim Claim
		a     Figure
		cores int
		want  Outcome
	}{
		{faster, Figure{25, 30, 35}, 2, Holds},
		{faster, Figure{19, 15, 12}, 2, DoesNotHold},
		{faster, Figure{30, 15, 35}, 2, Inconclusive},
		{faster, Figure{25, 30, 35}, 1, Inconclusive},
		{atMost, Figure{15, 12, 20}, 1, Holds},
		{atMost, Figure{25, 21, 30}, 1, DoesNotHold},
		{atMost, Figure{15, 12, 21}, 1, Inconclusive},
		{turns, Figure{18, 18, 18}, 1, Depends},
	} {
		require.Equal(t, c.want,
			c.claim.Judge(Evidence{Figures: Figures{"a": c.a, "b": Exactly(10)}, Cores: c.cores}).Outcome, "%+v", c)
	}
	require.Equal(t, "up to 1.8; ",
		turns.Judge(Evidence{Figures: Figures{"a": Exactly(18), "b": Exactly(10)}, Cores: 1}).Evidence)
}

// Where other programs use the machine nothing can be told.
func TestABusyMachineIsNoEvidence(t *testing.T) {
	claim := Claim{Ratio: [2]string{"crunch native/a", "crunch native/b"}, AtLeast: 2, Parallel: true, Expect: Holds}
	judge := func(given ...float64) Verdict {
		return claim.Judge(Evidence{Figures: Figures{
			"crunch native/a": Exactly(10), "crunch native/b": Exactly(10),
			Given("crunch"): given,
		}, Cores: 2})
	}
	require.Equal(t, DoesNotHold, judge().Outcome, "nobody looked")
	require.Equal(t, DoesNotHold, judge(1.9, 1.6, 1.2).Outcome)
	busy := judge(1.9, 1.5, 1.2)
	require.Equal(t, Inconclusive, busy.Outcome)
	require.Equal(t, "; ratio 1; other programs used the machine, and left 1.50 cores", busy.Evidence)
	require.False(t, busy.Contradicts())
	claim.AtLeast = 0.5
	require.Equal(t, Inconclusive, judge(1.2).Outcome, "it may hold only because of them")
	claim.Parallel = false
	require.Equal(t, Inconclusive, judge(1.2).Outcome, "whatever it needs")
	claim.BreakEven, claim.Parallel = "%.3g", true
	require.Equal(t, Inconclusive, judge(1.2).Outcome)
	claim.BreakEven, claim.Counts = "", true
	require.Equal(t, Holds, judge(1.2).Outcome, "they change no counts")
	require.Equal(t, DoesNotHold,
		faster.Judge(Evidence{
			Figures: Figures{"a": Exactly(10), "b": Exactly(10), Given("crunch"): {1.2}},
			Cores:   2,
		}).Outcome, "another workload")
}

func TestWithoutFiguresNothingIsSaid(t *testing.T) {
	for _, fs := range []Figures{nil, {"a": Exactly(1)}, {"b": Exactly(1)}} {
		v := faster.Judge(Evidence{Figures: fs, Cores: 2})
		require.Equal(t, Unmeasured, v.Outcome)
		require.Equal(t, NotRun, v.Why)
	}
}

// A claim that was not measured says why, and never that a workload did not run which did.
func TestWhyAClaimWasNotMeasured(t *testing.T) {
	claim := Claim{Ratio: [2]string{"crunch native/gil threads/wall", "crunch/pool(k)/wall"}, AtLeast: 1}
	v := claim.Judge(Evidence{Figures: Figures{"mixed/loop/p99": Exactly(1)}})
	require.Equal(t, Verdict{Outcome: Unmeasured, Why: NotRun, Evidence: "crunch"}, v)
	v = claim.Judge(Evidence{Figures: Figures{"crunch/loop/wall": Exactly(1)}})
	require.Equal(t, Verdict{Outcome: Unmeasured, Why: NoRow, Evidence: "crunch ran without gil threads"}, v)
	v = claim.Judge(Evidence{Figures: Figures{"crunch native/gil threads/wall": Exactly(1)}})
	require.Equal(t, "crunch ran without pool(k)", v.Evidence)
	v = claim.Judge(Evidence{Figures: Figures{"crunch/gil threads/wall": Exactly(1)}})
	require.Equal(t, `crunch native has no figure "wall" of gil threads`, v.Evidence)
	v = claim.Judge(Evidence{Figures: Figures{Given("crunch"): {2}}})
	require.Equal(t, NotRun, v.Why, "to look at the machine is not to run")

	claim.Ratio = [2]string{"crunch/python asyncio/wall", "crunch/node/wall"}
	require.Equal(t, NeedsRuntimes, claim.Judge(Evidence{Figures: Figures{"crunch/loop/wall": Exactly(1)}}).Why)
	v = claim.Judge(Evidence{Real: map[string]string{"node": "node"}, Figures: Figures{"crunch/node/wall": Exactly(1)}})
	require.Equal(t, "crunch ran without python asyncio", v.Evidence)
}

// What ran is not said to have not run.
func TestAFigureThatDoesNotExistIsAResult(t *testing.T) {
	v := faster.Judge(Evidence{Figures: Figures{"a": Never(), "b": Exactly(1)}, Cores: 2})
	require.Equal(t, DoesNotHold, v.Outcome)
	require.Equal(t, "never on this machine", v.Evidence)
	v = faster.Judge(Evidence{Figures: Figures{"a": Exactly(1), "b": Exactly(0)}, Cores: 2})
	require.Equal(t, Inconclusive, v.Outcome)
	require.Equal(t, "b is 0, by which nothing is divided", v.Evidence)
	v = faster.Judge(Evidence{Figures: Figures{"a": Exactly(1), "b": Never()}, Cores: 2})
	require.Equal(t, "never on this machine", v.Evidence, "nor is a divisor that was looked for")
	pays := Claim{Ratio: [2]string{"cost/processes(k)/break-even"}, Per: 1, BreakEven: "%.3g"}
	v = pays.Judge(Evidence{Figures: Figures{"cost/processes(k)/break-even": Never(), Given("cost"): {0.3}}, Cores: 2})
	require.Equal(t, Inconclusive, v.Outcome, "others may have had the cores")
	require.Equal(t, "needs at least two cores",
		faster.Judge(Evidence{Figures: Figures{"a": Never(), "b": Exactly(1)}, Cores: 1}).Evidence)
}

// tail is a claim about two simulated runtimes.
var tail = Claim{
	Ratio: [2]string{"wait/gil threads/p99", "wait/loop/p99"}, AtLeast: 1.25,
	Say: "{a} on {A}, {b} on {B}",
}

// A claim about Node or Python is judged by the real rows, where each side has one, and says so.
func TestRealRowsDecide(t *testing.T) {
	e := Evidence{
		Cores: 2, Real: map[string]string{"gil threads": "python threads", "loop": "node"},
		Simulated: []string{"gil threads"},
		Figures: Figures{
			"wait/gil threads/p99": Exactly(1), "wait/loop/p99": Exactly(1),
			"wait/python threads/p99": Exactly(9), "wait/node/p99": Exactly(1),
		},
	}
	v := tail.Judge(e)
	require.Equal(t, Holds, v.Outcome, "the simulated rows say the opposite")
	require.Equal(t, "9 s on python threads, 1 s on node; ratio 9; the claim holds from 1.25", v.Evidence)

	delete(e.Figures, "wait/node/p99")
	v = tail.Judge(e)
	require.Equal(t, Inconclusive, v.Outcome, "the real row contradicts the simulated one")
	require.Contains(t, v.Evidence, "the simulated gil threads is 0.11 times that of python threads")

	e.Figures["wait/python threads/p99"] = Exactly(1.2)
	require.Equal(t, DoesNotHold, tail.Judge(e).Outcome, "within the tolerance the simulated row counts")
	e.Real = nil
	require.Equal(t, DoesNotHold, tail.Judge(e).Outcome, "nobody can contradict it")
}

func TestPlantedFigureContradicts(t *testing.T) {
	judge := func(a float64) Verdict {
		return faster.Judge(Evidence{Figures: Figures{"a": Exactly(a), "b": Exactly(10)}, Cores: 2})
	}
	require.False(t, judge(30).Contradicts())
	require.True(t, judge(10).Contradicts())
	require.False(t, faster.Judge(Evidence{Cores: 2}).Contradicts())
	not := faster
	not.Expect = DoesNotHold
	require.True(t, not.Judge(Evidence{Figures: Figures{"a": Exactly(30), "b": Exactly(10)}, Cores: 2}).Contradicts())
}

func TestClaimsAreWhole(t *testing.T) {
	texts := map[string]bool{}
	for _, c := range Claims {
		require.False(t, texts[c.Text], c.Text)
		texts[c.Text] = true
		if c.Ratio[0] == "" {
			continue
		}
		require.True(t, (c.Per > 0) != (c.Ratio[1] != ""), c.Text)
		require.Equal(t, c.Than[0] == "", c.Than[1] == "", c.Text)
		require.Contains(t, c.Say, "{", c.Text)
		ways := 0
		for _, is := range []bool{c.AtLeast > 0, c.AtMost > 0, c.BreakEven != ""} {
			if is {
				ways++
			}
		}
		require.Equal(t, 1, ways, c.Text)
	}
}

// Each claim says its figures in words, with their units and the rows that they are of.
func TestVerdictsSayTheirFigures(t *testing.T) {
	fs := Figures{}
	for _, c := range Claims {
		for _, figure := range []string{c.Ratio[0], c.Ratio[1], c.Than[0], c.Than[1]} {
			if figure != "" {
				fs[figure] = Figure{0.5, 0.6, 0.7}
			}
		}
	}
	for _, v := range Judge(Evidence{Figures: fs, Cores: 2, Simulated: []string{"gil threads"}}) {
		require.NotRegexp(t, `[{}%]!|[{}]|÷`, v.Evidence, v.Claim)
		require.Equal(t, v.Why == NoWorkload, v.Evidence == "", v.Claim)
	}
	c := Claim{
		Ratio: [2]string{"a/gil threads/wall", "a/b/memory"}, Than: [2]string{"c/d/share lost", "c/e/lines"},
		AtMost: 1, Say: "{a} {A} {b} {B} {c} {C} {d} {D} {q} {r} {s}",
	}
	v := c.Judge(Evidence{Simulated: []string{"gil threads"}, Figures: Figures{
		"a/gil threads/wall": {0.0125}, "a/b/memory": {3 << 20}, "c/d/share lost": {0.5}, "c/e/lines": {40},
	}})
	require.Equal(t,
		"12.5 ms gil threads (simulated) 3 MiB b 50 % d 40 e 3.18e-07 3.97e-09 0.0125; ratio 3.18e-07; the claim holds up to 1", v.Evidence)
}

// A ratio of ratios: how much slower one language is at this, beyond how much slower it is at all.
func TestARatioThanAnother(t *testing.T) {
	c := Claim{Ratio: [2]string{"a", "b"}, Than: [2]string{"c", "d"}, AtLeast: 2}
	fs := Figures{"a": {12}, "b": {1}, "c": {10}, "d": {1}}
	require.Equal(t, DoesNotHold, c.Judge(Evidence{Figures: fs}).Outcome)
	fs["c"] = Figure{5}
	require.Equal(t, Holds, c.Judge(Evidence{Figures: fs}).Outcome)
	fs["c"] = Figure{0}
	require.Equal(t, "c is 0, by which nothing is divided", c.Judge(Evidence{Figures: fs}).Evidence)
	delete(fs, "d")
	require.Equal(t, NotRun, c.Judge(Evidence{Figures: fs}).Why)
}

// A round that was slow for both counts as it would have without that.
func TestRoundsAreComparedWithThemselves(t *testing.T) {
	q, ok := Figure{20, 80, 22}.Over(Figure{10, 40, 11})
	require.True(t, ok)
	require.Equal(t, Figure{2, 2, 2}, q)
	q, _ = Figure{20, 80, 22}.Over(Exactly(11))
	require.Equal(t, 2.0, q.Median())
	q, _ = Exactly(20).Over(Figure{10, 40})
	require.Equal(t, Figure{2, 0.5}, q)
	require.Zero(t, Figure(nil).Median())
}
