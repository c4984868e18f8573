package late

import (
	"math"
	"slices"
	"sort"
	"time"
)

// window is how many run times are remembered.
const window = 128

// refreshEvery is the number of new run times after which derive runs again, once the window is
// full.
const refreshEvery = 8

// Runs are the last run times. The zero value has none.
//
// The first group is added to at each end, in constant time. The second is derived from it when it
// is asked for, at most once in refreshEvery ends, which is where the sorting costs.
type Runs struct {
	last  [window]time.Duration
	count int // of all that were ever added
	stale int // of those added since the rest was derived

	sorted    []time.Duration
	longer    []time.Duration // the sum of sorted[i:]
	mean      time.Duration
	deviation time.Duration
}

// Add remembers a run time. The oldest is overwritten once the window is full.
func (r *Runs) Add(d time.Duration) {
	r.last[r.count%window] = max(d, 0)
	r.count++
	r.stale++
}

// Known reports whether there are any.
func (r *Runs) Known() bool { return r.count > 0 }

// Mean returns their mean.
func (r *Runs) Mean() time.Duration {
	r.derive()
	return r.mean
}

// derive computes the mean and the quantiles anew. Until the window is full it runs at each change,
// since then each run time matters much.
func (r *Runs) derive() {
	if r.stale == 0 || r.stale < refreshEvery && r.count-r.stale >= window {
		return
	}
	r.stale = 0
	r.sorted = append(r.sorted[:0], r.last[:min(r.count, window)]...)
	slices.Sort(r.sorted)
	r.longer = append(r.longer[:0], r.sorted...)
	for i := len(r.longer) - 2; i >= 0; i-- {
		r.longer[i] += r.longer[i+1]
	}
	n := len(r.sorted)
	r.mean = r.longer[0] / time.Duration(n)
	squares := 0.0
	for _, d := range r.sorted {
		off := float64(d - r.mean)
		squares += off * off
	}
	r.deviation = time.Duration(math.Sqrt(squares / float64(n)))
}

// Left returns how long a task that has run for so long is expected to run on: as those did on
// average that ran longer. One that has run longer than all others, a hang, is expected to do so
// for as long again. It takes the empirical distribution and no formula: run times with two humps,
// hits and misses of a cache, are common.
func (r *Runs) Left(ran time.Duration) time.Duration {
	r.derive()
	i := sort.Search(len(r.sorted), func(i int) bool { return r.sorted[i] > ran })
	if i == len(r.sorted) {
		return max(ran, 1)
	}
	return r.longer[i]/time.Duration(len(r.sorted)-i) - ran
}

// points is how many quantiles of the run times stand for all of them in Late.
const points = 32

// Late returns with what probability a task that starts after wait has not ended within budget. The
// quantiles stand for the distribution, whatever its shape: run times are seldom normal.
func (r *Runs) Late(wait Wait, budget time.Duration) float64 {
	r.derive()
	n := len(r.sorted)
	if n == 0 {
		return 0
	}
	k := min(n, points)
	sum := 0.0
	for i := range k {
		sum += wait.exceeds(budget - r.sorted[(2*i+1)*n/(2*k)])
	}
	return sum / float64(k)
}

// Wait is how long a task is expected to wait, and the standard deviation of that.
type Wait struct{ Mean, Deviation time.Duration }

// exceeds returns the probability of a wait longer than d, which is taken to be normally
// distributed.
func (w Wait) exceeds(d time.Duration) float64 {
	if w.Deviation == 0 {
		if w.Mean > d {
			return 1
		}
		return 0
	}
	return math.Erfc(float64(d-w.Mean)/(math.Sqrt2*float64(w.Deviation))) / 2
}

// Then is the wait for the one, and then the other. Variances of independent waits add up, hence
// the hypotenuse.
func (w Wait) Then(o Wait) Wait {
	return Wait{w.Mean + o.Mean, time.Duration(math.Hypot(float64(w.Deviation), float64(o.Deviation)))}
}
