package main

import (
	"fmt"
	"time"
)

const (
	oneWait = 10 * time.Millisecond
	// waitWorkers is what Python's ThreadPoolExecutor has at most by default.
	waitWorkers = 32
	// maxMeasured is up to how many waits those are measured that hold few at once; above, they are extrapolated.
	maxMeasured = 100
)

// wait shows what n waits at once cost.
func wait(p plan, n int) table {
	samples := alternate(p, func(m model) sample { return waitSample(m, n) })
	t := table{
		name:  fmt.Sprintf("wait %d", n),
		title: fmt.Sprintf("wait: %d at once of %v each; the pool has %d workers; rule: all within twice one wait", n, oneWait, waitWorkers),
		bar:   func(r row) time.Duration { return r.wall },
		barOf: "wall",
	}
	for j, m := range p.models {
		s := samples[j]
		row := row{model: m, sample: s, wall: s.wall, ideal: oneWait}
		if s.wall > 2*oneWait {
			row.broken = fmt.Sprintf("%v: ", short(s.wall)) + reasonWait(s, n)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// reasonWait reads from the data why the waits took so long.
func reasonWait(s sample, n int) string {
	if s.running == 0 {
		return fmt.Sprintf("each of %d processes keeps one wait at a time", cores())
	}
	if s.running < int64(n) {
		return fmt.Sprintf("at most %d of %d waited at once", s.running, n)
	}
	return fmt.Sprintf("all waited at once; the rest went into starting and ending them, on %.2f cores", cpuShare(s))
}

func waitSample(m model, n int) sample {
	measured := n
	if m.name == "inline" || m.name == "processes" {
		measured = min(n, maxMeasured)
	}
	s := measure(m, waitWorkers, func(r *run) {
		begin := time.Now()
		for range measured {
			// Not heavy: a wait costs no CPU time, so a loop with a pool keeps it on the loop.
			r.send(begin, false, true, job{Wait: oneWait}, nil)
		}
	})
	return extrapolate(s, measured, n)
}

// extrapolate scales what took its time one after the other.
func extrapolate(s sample, measured, n int) sample {
	if measured == n {
		return s
	}
	scale := func(d time.Duration) time.Duration { return d * time.Duration(n) / time.Duration(measured) }
	s.wall, s.cpu, s.extrapolated = scale(s.wall), scale(s.cpu), true
	for i, l := range s.latencies {
		s.latencies[i] = scale(l)
	}
	return s
}
