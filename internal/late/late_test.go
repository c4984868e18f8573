package late_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/late"
)

const ms = time.Millisecond

// runs returns the knowledge after tasks that ran for those times.
func runs(times ...time.Duration) *late.Runs {
	r := &late.Runs{}
	for _, d := range times {
		r.Add(d)
	}
	return r
}

// A task runs on as those did that ran longer; one that has run longer than all others, as long
// again.
func TestLeft(t *testing.T) {
	r := runs(5*ms, 5*ms, 5*ms, 155*ms)
	require.Equal(t, 42500*time.Microsecond, r.Left(0))
	require.Equal(t, 145*ms, r.Left(10*ms))
	require.Equal(t, time.Hour, r.Left(time.Hour))
	require.Equal(t, time.Second, runs().Left(time.Second))
}

func TestWaitInRounds(t *testing.T) {
	r := runs(100*ms, 100*ms, 100*ms)
	for starts, want := range map[int]time.Duration{
		1: 30 * ms, 2: 80 * ms, 3: 130 * ms, 4: 180 * ms, 5: 230 * ms,
		100: 4980 * ms,
	} {
		require.Equal(t, late.Wait{Mean: want}, r.Wait([]time.Duration{80 * ms, 30 * ms}, starts), starts)
	}
	require.Zero(t, r.Wait([]time.Duration{0, 80 * ms}, 1), "a slot is free")
	require.Equal(t, 80*ms, r.Wait([]time.Duration{0, 80 * ms}, 2).Mean)
	require.Zero(t, r.Wait(nil, 3))
	require.Equal(t, 30*ms, runs().Wait([]time.Duration{10 * ms}, 3).Mean, "nothing is known but the age")
}

// The estimate beside a simulation of slots whose tasks run for exponentially distributed times.
func TestWaitBesideASimulation(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	exp := func() time.Duration { return time.Duration(random.ExpFloat64() * float64(20*ms)) }
	r := &late.Runs{}
	for i := range 128 { // the quantiles of the distribution
		r.Add(time.Duration(-math.Log(1-(float64(i)+0.5)/128) * float64(20*ms)))
	}
	for _, slots := range []int{1, 2, 8} {
		for _, starts := range []int{1, 4, 20} {
			const rounds = 4000
			sum := time.Duration(0)
			for range rounds {
				free := make([]time.Duration, slots)
				for i := range free {
					free[i] = exp()
				}
				for n := 1; ; n++ {
					first := 0
					for i := range free {
						if free[i] < free[first] {
							first = i
						}
					}
					if n == starts {
						sum += free[first]
						break
					}
					free[first] += exp()
				}
			}
			left := make([]time.Duration, slots)
			for i := range left {
				left[i] = r.Left(0)
			}
			want, got := float64(sum)/rounds, float64(r.Wait(left, starts).Mean)
			require.InEpsilon(t, want, got, 0.25, "%d slots, %d starts: %v", slots, starts, time.Duration(got))
		}
	}
}

// A hang takes its slot out of the reckoning.
func TestAHangDoesNotWork(t *testing.T) {
	r := runs(100*ms, 100*ms)
	require.Equal(t, 900*ms, r.Wait([]time.Duration{time.Hour, 0}, 10).Mean)
}

// How run times vary decides, not only their mean.
func TestLate(t *testing.T) {
	var bimodal, constant late.Runs
	for i := range 100 {
		constant.Add(20 * ms)
		if i%10 == 0 {
			bimodal.Add(155 * ms)
		} else {
			bimodal.Add(5 * ms)
		}
	}
	require.Zero(t, constant.Late(late.Wait{Mean: 100 * ms}, 200*ms))
	require.Equal(t, 1.0, constant.Late(late.Wait{Mean: 190 * ms}, 200*ms))
	require.InDelta(t, 0.1, bimodal.Late(late.Wait{Mean: 100 * ms}, 200*ms), 0.03)
	require.InDelta(t, 0.05, bimodal.Late(late.Wait{Mean: 45 * ms, Deviation: 10 * ms}, 200*ms), 0.02)
}

// Under a heavy load a task that adds to the late ones is refused, since another will take its
// place in time.
func TestJudgeUnderAHeavyLoad(t *testing.T) {
	r := &late.Runs{}
	for i := range 100 {
		r.Add(time.Duration(i%40) * ms)
	}
	w := late.Wait{Mean: 163 * ms}
	calm, busy := late.New(0.05), late.New(0.05)
	now := time.Now()
	for range 1000 {
		now = now.Add(ms)
		busy.Submitted(now, r.Mean())
		calm.Submitted(now.Add(time.Hour), r.Mean())
	}
	slow := late.New(0.05)
	for range 1000 {
		now = now.Add(time.Second)
		slow.Submitted(now, r.Mean())
	}
	require.InDelta(t, 0.04, r.Late(w, 200*ms), 0.03)
	require.True(t, busy.Refuses(r, w, 200*ms, 2, 16))
	require.False(t, slow.Refuses(r, w, 200*ms, 2, 16))
}

// Where the estimate is wrong, the measured share of late tasks moves the deadline by which they
// are judged.
func TestJudgeLearns(t *testing.T) {
	j, r := late.New(0.05), runs(20*ms, 20*ms)
	w := late.Wait{Mean: 100 * ms}
	require.False(t, j.Refuses(r, w, 200*ms, 1, 5))
	for range 20 {
		j.Ended(true, false)
	}
	require.True(t, j.Refuses(r, w, 200*ms, 1, 5), "too many were late")
	for range 20 {
		j.Ended(true, true)
	}
	for range 400 {
		j.Ended(false, true)
	}
	require.False(t, j.Refuses(r, w, 200*ms, 1, 5), "what starts at once and is in time restores the trust")
}
