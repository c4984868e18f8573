package gil

import (
	"fmt"
	"slices"
	"time"
)

// Workload is a program as data, for a question of capacity: how many rounds, which may be a service's requests, do so
// many threads get done?
type Workload struct {
	Loads []Load
	// For is how long it runs, in virtual time; its first tenth, in which all threads begin at once, does not count.
	// Default: 10 s.
	For time.Duration
}

// Load is threads that go through the same round again and again, each on its own. A round computes, is in a call that
// keeps the lock, in one that releases it, and waits, in this order; what is 0 is left out. A thread takes the next round
// as soon as it has ended one, so the figures are those of a service that always has enough to do.
type Load struct {
	Label    string
	Threads  int  // of all interpreters together; default: 1
	Compute  Dist // with checkpoints, under the lock
	Hold     Dist // without checkpoints, under the lock
	Released Dist // computing without the lock
	Wait     Dist // for a disk, a network, another service
}

// LoadFigures is what became of a load.
type LoadFigures struct {
	Label     string
	Threads   int
	Rounds    uint64 // ended, after the first tenth
	PerSecond float64
	// Mean, P50, P99 and Max are of the times that these rounds took, exactly.
	Mean, P50, P99, Max time.Duration
	// Bound is the most rounds per second that there can be: see [Load.Bound]. Beside other loads it is less.
	Bound float64
}

// String says it in a sentence.
func (l LoadFigures) String() string {
	return fmt.Sprintf("%s: %s, %.4g rounds per second, %.0f%% of the most (%.4g); a round takes %s, 99 of 100 up to %s",
		l.Label, plural(l.Threads, "thread"), l.PerSecond, 100*l.PerSecond/max(1e-9, l.Bound), l.Bound, brief(l.Mean), brief(l.P99))
}

// PerSecond is how many rounds per second all loads of a [Workload] made.
func (r *Report) PerSecond() float64 {
	var sum float64
	for _, l := range r.Loads {
		sum += l.PerSecond
	}
	return sum
}

// Bound is the closed form for n threads that compute for c under one of so many locks (0: there is none), for r without
// it, and wait for b: min(n/(c+r+b), locks/c, cores/(c+r)) rounds per second, in means.
func (l Load) Bound(locks, cores int) float64 {
	c := (l.Compute.Mean() + l.Hold.Mean()).Seconds()
	all := c + l.Released.Mean().Seconds()
	bound := float64(max(1, l.Threads)) / max(1e-9, all+l.Wait.Mean().Seconds())
	if c > 0 && locks > 0 {
		bound = min(bound, float64(locks)/c)
	}
	if all > 0 {
		bound = min(bound, float64(cores)/all)
	}
	return bound
}

// Knee is the number of threads at which one lock, or else the cores, are busy all the time: more of them do not get
// more done. It is 0 when that never comes.
func (l Load) Knee(locks, cores int) float64 {
	l.Threads = 1 << 30
	most := l.Bound(locks, cores)
	round := l.Compute.Mean() + l.Hold.Mean() + l.Released.Mean() + l.Wait.Mean()
	if l.Compute.Mean()+l.Hold.Mean()+l.Released.Mean() == 0 {
		return 0
	}
	return most * round.Seconds()
}

// Simulate runs the workload on a simulated machine. Threads are dealt to interpreters in turn. It panics on a negative
// number or time, and on a workload whose rounds take no time.
func (w Workload) Simulate(cfg Config) (Report, error) {
	cfg.fill()
	span := w.For
	if span == 0 {
		span = 10 * time.Second
	}
	if span < 0 {
		panic(fmt.Sprintf("gil: Workload.For is negative: %v", span))
	}
	var threads []StepThread
	counts, times := make([]LoadFigures, len(w.Loads)), make([][]time.Duration, len(w.Loads))
	for i, l := range w.Loads {
		counts[i] = l.begin(i, &cfg)
		for range counts[i].Threads {
			r := &round{load: l, times: &times[i], from: span / 10, work: newStream(cfg.Seed, len(threads), forWork)}
			threads = append(threads, StepThread{Label: l.Label, Step: r.step, Interpreter: len(threads)})
		}
	}
	report, err := Simulate(cfg, span, threads...)
	for i := range counts {
		counts[i].count(times[i], span-span/10)
	}
	report.Loads = counts
	return report, err
}

func (l Load) begin(i int, cfg *Config) LoadFigures {
	if l.Threads < 0 {
		panic(fmt.Sprintf("gil: Workload.Loads[%d].Threads is negative: %d", i, l.Threads))
	}
	if l.Compute.Mean()+l.Hold.Mean()+l.Released.Mean()+l.Wait.Mean() <= 0 {
		panic(fmt.Sprintf("gil: Workload.Loads[%d]: a round takes no time", i))
	}
	l.Threads = max(1, l.Threads)
	if l.Label == "" {
		l.Label = fmt.Sprintf("load %d", i)
	}
	traits := cfg.Policy.Traits()
	locks := max(1, traits.Locks)
	if traits.Unlocked {
		locks = 0
		l.Compute = Const(traits.slowed(DoCompute, l.Compute.Mean()))
	}
	return LoadFigures{Label: l.Label, Threads: l.Threads, Bound: l.Bound(locks, cfg.Cores)}
}

// count makes the figures of the rounds that ended in a time.
func (l *LoadFigures) count(times []time.Duration, within time.Duration) {
	n := len(times)
	l.Rounds, l.PerSecond = uint64(n), float64(n)/within.Seconds()
	if n == 0 {
		return
	}
	slices.Sort(times)
	var sum time.Duration
	for _, d := range times {
		sum += d
	}
	l.Mean, l.P50, l.P99, l.Max = sum/time.Duration(n), times[n/2], times[n*99/100], times[n-1]
}

// round is a thread's place in its round.
type round struct {
	load  Load
	times *[]time.Duration
	from  time.Duration // rounds that end before it do not count
	work  stream
	stage int
	began time.Duration
}

func (r *round) step(now time.Duration) Op {
	for {
		stage := r.stage
		r.stage = (stage + 1) % 5
		var op Op
		switch stage {
		case 0:
			r.began = now
			op = Op{Do: DoCompute, For: r.load.Compute.sample(&r.work)}
		case 1:
			op = Op{Do: DoHold, For: r.load.Hold.sample(&r.work)}
		case 2:
			op = Op{Do: DoRelease, For: r.load.Released.sample(&r.work)}
		case 3:
			op = Op{Do: DoSleep, For: r.load.Wait.sample(&r.work)}
		default:
			if now >= r.from {
				*r.times = append(*r.times, now-r.began)
			}
		}
		if op.For > 0 {
			return op
		}
	}
}
