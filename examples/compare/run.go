package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// sample is what one run of one model measured.
type sample struct {
	wall, cpu         time.Duration
	latencies         []time.Duration // of the requests that the workload is about
	inFlight, running int64           // the most at once
	sent, answered    int64
	heavy             int64 // heavy requests answered
	extrapolated      bool
	rounds            []sample // of which it was merged, each with its latencies sorted
}

// gauge keeps the highest value that a count has had.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) add(n int64) {
	v := g.now.Add(n)
	for m := g.most.Load(); v > m && !g.most.CompareAndSwap(m, v); m = g.most.Load() {
	}
}

// run is one run in progress.
type run struct {
	serve             func(context.Context, request, func())
	inFlight, running gauge
	sent, answered    atomic.Int64
	heavy             atomic.Int64
	mu                sync.Mutex
	latencies         []time.Duration
	open              sync.WaitGroup
}

// send starts a request that was due at the given time. counts: its latency is what the workload is about.
func (r *run) send(due time.Time, heavy, counts bool, j job, then func()) {
	r.open.Add(1)
	r.sent.Add(1)
	r.inFlight.add(1)
	ctx := context.WithValue(context.Background(), runningKey{}, &r.running)
	r.serve(ctx, request{heavy, j}, func() {
		r.inFlight.add(-1)
		r.answered.Add(1)
		if counts {
			r.mu.Lock()
			r.latencies = append(r.latencies, time.Since(due))
			r.mu.Unlock()
		} else {
			r.heavy.Add(1)
		}
		if then != nil {
			then()
		}
		r.open.Done()
	})
}

// measure runs load on m and waits until all requests have been answered.
func measure(m model, workers int, load func(r *run)) sample {
	cpu := cpuTime()
	server := m.open(workers)
	r := &run{serve: server.serve}
	begin := time.Now()
	load(r)
	r.open.Wait()
	wall := time.Since(begin)
	server.shut() // a process's CPU time is known when it has ended
	return sample{
		wall: wall, cpu: cpuTime() - cpu, latencies: r.latencies,
		inFlight: r.inFlight.most.Load(), running: r.running.most.Load(),
		sent: r.sent.Load(), answered: r.answered.Load(), heavy: r.heavy.Load(),
	}
}

// merge makes one sample of the rounds: medians, and all latencies.
func merge(rounds []sample) sample {
	for _, s := range rounds {
		slices.Sort(s.latencies)
	}
	m := rounds[0]
	m.rounds, m.latencies = rounds, slices.Clone(m.latencies)
	m.wall = median(rounds, func(s sample) time.Duration { return s.wall })
	m.cpu = median(rounds, func(s sample) time.Duration { return s.cpu })
	for _, s := range rounds[1:] {
		m.latencies = append(m.latencies, s.latencies...)
		m.inFlight, m.running = max(m.inFlight, s.inFlight), max(m.running, s.running)
		m.sent, m.answered, m.heavy = m.sent+s.sent, m.answered+s.answered, m.heavy+s.heavy
	}
	slices.Sort(m.latencies)
	return m
}

func median(rounds []sample, of func(sample) time.Duration) time.Duration {
	ds := make([]time.Duration, len(rounds))
	for i, s := range rounds {
		ds[i] = of(s)
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// percentile of sorted durations; 0 of none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// alternate runs every model once a round, so that drift of the machine meets all alike, and each round in another
// order, so that no model always follows the same one.
func alternate(p plan, one func(m model) sample) []sample {
	all := make([][]sample, len(p.models))
	for round := range p.rounds {
		for _, i := range order(round, len(p.models)) {
			if p.ctx.Err() == nil {
				all[i] = append(all[i], one(p.models[i]))
			}
		}
	}
	merged := make([]sample, len(p.models))
	for i, rounds := range all {
		if len(rounds) > 0 {
			merged[i] = merge(rounds)
		}
	}
	return merged
}

// order is a permutation of 0 to n-1. Over the first n-1 rounds, with n a prime, none follows the same one twice.
func order(round, n int) []int {
	stride := round%(n-1) + 1
	for gcd(stride, n) != 1 { // else some would never come
		stride++
	}
	is := make([]int, n)
	for i := range is {
		is[i] = i * stride % n
	}
	return is
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
