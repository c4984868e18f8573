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
		require.Equal(t, c.want, c.claim.Judge(Figures{"a": c.a, "b": Exactly(10)}, c.cores).Outcome, "%+v", c)
	}
	require.Equal(t, "up to 1.8", turns.Judge(Figures{"a": Exactly(18), "b": Exactly(10)}, 1).Evidence)
}

// Where others use the machine nothing can be told of what a second core is for; of what needs one it can.
func TestABusyMachineIsNoEvidence(t *testing.T) {
	claim := Claim{Ratio: [2]string{"crunch native/a", "crunch native/b"}, AtLeast: 2, Parallel: true, Expect: Holds}
	judge := func(given ...float64) Verdict {
		return claim.Judge(Figures{"crunch native/a": Exactly(10), "crunch native/b": Exactly(10), Given("crunch"): given}, 2)
	}
	require.Equal(t, DoesNotHold, judge().Outcome, "nobody looked")
	require.Equal(t, DoesNotHold, judge(1.9, 1.6, 1.2).Outcome)
	busy := judge(1.9, 1.5, 1.2)
	require.Equal(t, Inconclusive, busy.Outcome)
	require.Equal(t, "crunch native/a ÷ crunch native/b = 1 (rounds: 1 to 1); needs two cores, and other programs left 1.50", busy.Evidence)
	require.False(t, busy.Contradicts())
	claim.AtLeast = 0.5
	require.Equal(t, Inconclusive, judge(1.2).Outcome, "it may hold only because of them")
	claim.Parallel = false
	require.Equal(t, Holds, judge(1.2).Outcome)
	claim.BreakEven, claim.Parallel = "%.3g", true
	require.Equal(t, Inconclusive, judge(1.2).Outcome)
	require.Equal(t, DoesNotHold, faster.Judge(Figures{"a": Exactly(10), "b": Exactly(10), Given("crunch"): {1.2}}, 2).Outcome, "another workload")
}

func TestWithoutFiguresNothingIsSaid(t *testing.T) {
	for _, fs := range []Figures{nil, {"a": Exactly(1)}, {"a": Exactly(1), "b": Exactly(0)}, {"a": Exactly(1), "b": {}}} {
		require.Equal(t, Unmeasured, faster.Judge(fs, 2).Outcome)
	}
}

func TestPlantedFigureContradicts(t *testing.T) {
	judge := func(a float64) Verdict { return faster.Judge(Figures{"a": Exactly(a), "b": Exactly(10)}, 2) }
	require.False(t, judge(30).Contradicts())
	require.True(t, judge(10).Contradicts())
	require.False(t, faster.Judge(nil, 2).Contradicts())
	not := faster
	not.Expect = DoesNotHold
	require.True(t, not.Judge(Figures{"a": Exactly(30), "b": Exactly(10)}, 2).Contradicts())
}

func TestClaimsAreWhole(t *testing.T) {
	for _, c := range Claims {
		if c.Ratio[0] == "" {
			continue
		}
		require.True(t, (c.Per > 0) != (c.Ratio[1] != ""), c.Text)
		ways := 0
		for _, is := range []bool{c.AtLeast > 0, c.AtMost > 0, c.BreakEven != ""} {
			if is {
				ways++
			}
		}
		require.Equal(t, 1, ways, c.Text)
	}
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
