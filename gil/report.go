package gil

import (
	"slices"
	"time"

	"github.com/quartet-go/quartet"
)

// ThreadFigures is what became of one thread.
type ThreadFigures struct {
	Number int    // from 0, as they started
	Task   uint64 // its number in events; 0 in the step form
	Label  string
	Life   time.Duration
	Figures
	Waits quartet.Histogram // of waits for the lock
}

// Report is what a program did on a simulated machine.
//
// It is a copy, but for Samples of its Loads.
type Report struct {
	Policy string
	Cores  int
	// Wall is how long it took.
	Wall    time.Duration
	Threads []ThreadFigures // inside the interpreters, in the order of their ends
	Total   Figures         // of all of them

	// Utilization is the part of the time in which a lock was held; of k interpreters, on average.
	Utilization float64
	// Parallelism is how many threads computed at a time, on average.
	Parallelism float64
	// Fairness is Jain's index over the times that threads that waited for the lock had it: 1, all
	// alike; 1/n, one had it.
	Fairness float64
	// Bound is the least time that the program can take: for each lock what was computed under it,
	// for each thread what it computed and slept, and for the cores all that was computed. For n
	// threads that each compute c under the lock and wait for b that is min(n/(c+b), 1/c) rounds
	// per second.
	Bound time.Duration
	// Share is Bound over Wall: 1 is the best.
	Share float64
	// Switches is how often a lock went to another thread.
	Switches uint64
	Convoys  []Convoy
	Steps    uint64        // of the machine
	Loads    []LoadFigures // of a [Workload]
}

// Report returns what became of the program, under the Virtual clock. It must not be called before
// Shutdown or Close has returned nil. Under the Real clock it is empty.
func (s *Scheduler) Report() Report {
	s.made()
	if v, ok := s.engine.(*virtual); ok {
		return v.report
	}
	return Report{}
}

// add sums up. Every field of Figures is a sum over time, so threads can be added.
func (f *Figures) add(o *Figures) {
	f.Run += o.Run
	f.Wait += o.Wait
	f.Native += o.Native
	f.Blocked += o.Blocked
	f.Slept += o.Slept
	f.Computed += o.Computed
	f.Locked += o.Locked
	f.Forced += o.Forced
	f.Voluntary += o.Voluntary
	f.Lost += o.Lost
	f.Asked += o.Asked
}

// addHistogram adds the values of h to those of sum. Max is the greater one: it cannot be added.
func addHistogram(sum, h *quartet.Histogram) {
	sum.Count += h.Count
	sum.Sum += h.Sum
	sum.Max = max(sum.Max, h.Max)
	for i, n := range h.Buckets {
		sum.Buckets[i] += n
	}
}

// report sums up until now. It does not change the simulation. Threads of other programs, and
// arrivals, are not inside, and not shown. Threads that still live are summed up to now.
func (s *sim) report(cfg *Config) Report {
	r := Report{
		Policy: cfg.Policy.String(), Cores: cfg.Cores, Wall: s.now, Convoys: slices.Clone(s.convoys),
		Steps: s.steps,
	}
	// Computed under each lock: two threads of one interpreter cannot compute at the same time.
	under := make(map[*simLock]time.Duration)
	var longest time.Duration
	var had []float64
	for _, t := range slices.Concat(s.done, s.alive()) {
		// Arrivals and foreign threads are no threads of the program.
		if !t.inside {
			continue
		}
		f := t.until(s)
		r.Threads = append(r.Threads, f)
		r.Total.add(&f.Figures)
		if t.lock != nil {
			under[t.lock] += f.Locked
		}
		longest = max(longest, f.Computed+f.Slept)
		if f.Waits.Count > 0 {
			had = append(had, float64(f.Run))
		}
		// A convoy that has not ended is shown as far as it has come.
		if t.state != stateEnded && t.convoy.count >= leastConvoy {
			r.Convoys = append(r.Convoys, t.convoyUntilNow())
		}
	}
	r.Bound = max(longest, r.Total.Computed/time.Duration(cfg.Cores))
	for _, locked := range under {
		r.Bound = max(r.Bound, locked)
	}
	for i := range s.locks {
		r.Switches += s.locks[i].switches
	}
	r.Fairness = jain(had)
	if r.Wall > 0 {
		wall := float64(r.Wall)
		r.Share = float64(r.Bound) / wall
		r.Parallelism = float64(r.Total.Computed) / wall
		if !s.traits.Unlocked {
			// Under Ticks a thread that gets its lock back too late has run a little beside the
			// next holder.
			r.Utilization = min(1, float64(r.Total.Run)/wall/float64(len(s.locks)))
		}
	}
	return r
}

// until sums up t until now, the running segment included. Setting the present state again books
// the time up to now, and changes nothing else.
func (t *vthread) until(s *sim) ThreadFigures {
	if t.state != stateEnded {
		t.set(s, t.state)
		t.check(s)
	}
	f := ThreadFigures{
		Number: t.number, Task: t.task, Label: t.label, Life: t.Run + t.Wait + t.Native + t.Blocked,
		Figures: t.Figures, Waits: t.waits,
	}
	if t.computing && t.due == onSlice {
		ran := s.now - t.slice + t.paid
		f.Computed += ran
		if t.lock != nil && t.op.Do != DoRelease {
			f.Locked += ran
		}
	}
	if t.state == stateBlocked && t.op.Do == DoSleep {
		f.Slept -= max(t.wakesAt-s.now, 0)
	}
	return f
}

// jain is (Σx)²/(n Σx²). No threads, or none that had the lock, count as fair.
func jain(xs []float64) float64 {
	var sum, squares float64
	for _, x := range xs {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / (float64(len(xs)) * squares)
}
