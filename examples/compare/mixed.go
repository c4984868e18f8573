package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

const (
	pingEvery  = 5 * time.Millisecond
	heavyWork  = 100 * time.Millisecond // CPU time
	pingWithin = 10 * time.Millisecond  // the workload's rule, at p99
)

// mixed is the headline: what becomes of short requests while long computations run.
func mixed(p plan) table {
	samples := alternate(p, func(m model) sample {
		return measure(m, cores(), func(r *run) { mixedLoad(r, p.mixed, p.heavy) })
	})
	t := table{name: "mixed", title: fmt.Sprintf("mixed: a ping every %v while CPU requests of %v follow one another; latency of the pings, wall per CPU request; rule: p99 below %v", pingEvery, heavyWork, pingWithin)}
	for i, m := range p.models {
		s := samples[i]
		perHeavy := s.wall * time.Duration(p.rounds) / time.Duration(max(s.heavy, 1))
		row := row{model: m, sample: s, wall: perHeavy, ideal: heavyWork}
		if p99 := percentile(s.latencies, 99); p99 > pingWithin {
			row.broken = fmt.Sprintf("p99 %v: ", short(p99)) + reasonMixed(m, s)
		}
		t.rows = append(t.rows, row)
	}
	t.bar = func(r row) time.Duration { return percentile(r.sample.latencies, 99) }
	t.barOf = "ping p99"
	return t
}

// reasonMixed reads from the data why pings were late.
func reasonMixed(m model, s sample) string {
	switch {
	case s.running == 0:
		return "the requests share the processes' cores"
	case s.running == 1:
		return "never more than one request ran, so pings wait for the CPU request"
	case strings.Contains(m.name, "gil"):
		return fmt.Sprintf("the CPU request has the lock; every second ping waits %v or more for it", short(percentile(s.latencies, 50)))
	}
	return fmt.Sprintf("up to %d requests ran at once on %d cores, so pings wait for a core", s.running, cores())
}

// mixedLoad sends pings when they are due, and a CPU request as soon as the one before is answered.
func mixedLoad(r *run, d time.Duration, long job) {
	var over atomic.Bool
	var heavy func()
	heavy = func() {
		if !over.Load() {
			r.send(time.Now(), true, false, long, heavy)
		}
	}
	heavy()
	begin := time.Now()
	for due := begin; due.Sub(begin) < d; due = due.Add(pingEvery) {
		time.Sleep(time.Until(due))
		r.send(due, false, true, job{}, nil)
	}
	over.Store(true)
}
