package gil

import (
	"fmt"
	"time"
)

// Workload is a program as data, for a question of capacity: how many rounds, which may be a
// service's requests, do so many threads get done, and how long does one take?
type Workload struct {
	Loads []Load
	// For is how long it runs, in virtual time; its first tenth, in which all threads begin at
	// once, does not count. Default: 10 s.
	For time.Duration
}

// Load is threads that go through the same round again and again, each on its own. A round
// computes, is in a call that keeps the lock, in one that releases it, and waits, in this order;
// a part of 0 is left out.
//
// Without Arrivals a thread takes the next round as soon as it has ended one (a closed loop): the
// figures are those of a service that always has enough to do. With Arrivals it takes the oldest
// request that has arrived (an open loop).
type Load struct {
	Label    string
	Threads  int  // of all interpreters together; default: 1
	Compute  Dist // with checkpoints, under the lock
	Hold     Dist // without checkpoints, under the lock
	Released Dist // computing without the lock
	Wait     Dist // for a disk, a network, another service
	// Waits is into how many parts a round is cut: each computes, holds, releases and waits for its
	// share. A thread needs the lock again after each wait, and there is the convoy. Default: 1.
	Waits int
	// Arrivals is the time from one request to the next, whether or not the threads keep up: Exp(10
	// ms) are 100 a second that come independently. A round's time begins with the arrival.
	// Default: none, a closed loop.
	Arrivals Dist
	// Foreign threads are of other programs on the machine: they need cores, and no lock.
	Foreign bool
}

// Start returns a simulation of the workload at time 0, to be advanced. Its figures count from the
// first tenth of For on. Threads are dealt to interpreters in turn. It panics on a negative number
// or time, and on a workload whose rounds take no time.
//
// The number of a thread decides its stream of random numbers: to put a Load before another changes
// both.
func (w Workload) Start(cfg Config) *Simulation {
	if w.For < 0 {
		panic(fmt.Sprintf("gil: Workload.For is negative: %v", w.For))
	}
	m := newSimulation(cfg)
	threads := 0
	for i, l := range w.Loads {
		l.check(i)
		run := &loadRun{load: l, queue: i, from: w.span() / 10, bound: l.bound(&m.cfg)}
		m.loads = append(m.loads, run)
		if l.open() {
			// Not m.spawn: arrivals are no thread of the program, and no event shows them.
			a := &arrivals{run: run, work: newStream(m.cfg.Seed, i, forArrivals)}
			m.s.spawn(a, -1, 0).abroad = true
		}
		for range l.threads() {
			interpreter := threads
			if l.Foreign {
				interpreter = -1
			}
			m.spawn(l.label(i), &round{run: run, work: newStream(m.cfg.Seed, threads, forWork)}, interpreter, 0)
			threads++
		}
	}
	return m
}

// Simulate runs the workload for its time.
func (w Workload) Simulate(cfg Config) (Report, error) { return w.Start(cfg).finish(w.span()) }

func (w Workload) span() time.Duration {
	if w.For == 0 {
		return 10 * time.Second
	}
	return w.For
}

// check panics for what would make the simulation meaningless or endless.
func (l Load) check(i int) {
	if l.Threads < 0 {
		panic(fmt.Sprintf("gil: Workload.Loads[%d].Threads is negative: %d", i, l.Threads))
	}
	if l.Waits < 0 {
		panic(fmt.Sprintf("gil: Workload.Loads[%d].Waits is negative: %d", i, l.Waits))
	}
	if l.computing()+l.Wait.Mean() <= 0 {
		panic(fmt.Sprintf("gil: Workload.Loads[%d]: a round takes no time", i))
	}
}

// One is the default, for a Load that is written down in a line.
func (l Load) threads() int { return max(1, l.Threads) }
func (l Load) open() bool   { return l.Arrivals.Mean() > 0 }

// computing is what a round needs of a core, on average.
func (l Load) computing() time.Duration { return l.Compute.Mean() + l.Hold.Mean() + l.Released.Mean() }

func (l Load) label(i int) string {
	if l.Label == "" {
		return fmt.Sprintf("load %d", i)
	}
	return l.Label
}

// Bound is the closed form for n threads that compute for c under one of so many locks (0: there is
// none), for r without it, and wait for b: min(n/(c+r+b), locks/c, cores/(c+r)) rounds per second,
// in means.
func (l Load) Bound(locks, cores int) float64 {
	c := (l.Compute.Mean() + l.Hold.Mean()).Seconds()
	all := c + l.Released.Mean().Seconds()
	bound := float64(l.threads()) / max(1e-9, all+l.Wait.Mean().Seconds())
	if c > 0 && locks > 0 {
		bound = min(bound, float64(locks)/c)
	}
	if all > 0 {
		bound = min(bound, float64(cores)/all)
	}
	return bound
}

// Knee is the number of threads at which one lock, or else the cores, are busy all the time: more
// of them do not get more done. It is 0 when that never comes.
func (l Load) Knee(locks, cores int) float64 {
	// So many that only locks and cores bound the rate; Little's law then gives the threads at that
	// rate. l is a copy, so the caller's Threads stays.
	l.Threads = 1 << 30
	if l.computing() == 0 {
		return 0
	}
	return l.Bound(locks, cores) * (l.computing() + l.Wait.Mean()).Seconds()
}

// bound is Bound on a machine of cfg's. Foreign threads need no lock of this program; Slowdown is
// the build's without a lock.
func (l Load) bound(cfg *Config) float64 {
	traits := cfg.Policy.Traits()
	locks := max(1, traits.Locks)
	if traits.Unlocked || l.Foreign {
		locks = 0
	}
	if traits.Unlocked {
		l.Compute = Const(traits.slowed(DoCompute, l.Compute.Mean()))
	}
	return l.Bound(locks, cfg.Cores)
}
