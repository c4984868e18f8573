package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/quartet-go/quartet/gil"
)

// question is a service and a machine.
type question struct {
	rate, threads, most, locked, waits, others, cores, locks, seeds int
	cpu, wait, p99, interval, handover, span                        time.Duration
	spread, machine                                                 string
	slowdown                                                        float64

	constants gil.Machine // of machine
}

// spreads are distributions with a given mean.
var spreads = map[string]func(mean time.Duration) gil.Dist{
	"const":  gil.Const,
	"exp":    gil.Exp,
	"narrow": func(mean time.Duration) gil.Dist { return around(gil.Narrow, mean) },
	"wide":   func(mean time.Duration) gil.Dist { return around(gil.Wide, mean) },
}

// around makes a distribution that goes by its median have a mean.
func around(dist func(time.Duration) gil.Dist, mean time.Duration) gil.Dist {
	const trial = time.Second
	return dist(mean * time.Millisecond / (dist(trial).Mean() / 1000))
}

// check names the flag that makes no sense, and puts in the defaults that depend on others.
func (q *question) check() error {
	for _, f := range []struct {
		flag        string
		value       int64
		least, most int64
		unit        time.Duration // 0: a number
	}{
		{"rate", int64(q.rate), 0, 1_000_000, 0},
		{"threads", int64(q.threads), 1, 1000, 0},
		{"waits", int64(q.waits), 1, 1000, 0},
		{"others", int64(q.others), 0, 64, 0},
		{"p99", int64(q.p99), 0, int64(time.Hour), 1},
		{"most", int64(q.most), 1, 1000, 0},
		{"locked", int64(q.locked), 0, 100, 0},
		{"cores", int64(q.cores), 1, 256, 0},
		{"locks", int64(q.locks), 0, 1000, 0},
		{"seeds", int64(q.seeds), 1, 100, 0},
		{"cpu", int64(q.cpu), int64(time.Microsecond), int64(10 * time.Second), 1},
		{"wait", int64(q.wait), 0, int64(time.Minute), 1},
		{"interval", int64(q.interval), int64(time.Microsecond), int64(10 * time.Second), 1},
		{"handover", int64(q.handover), 0, int64(10 * time.Second), 1},
		{"for", int64(q.span), 0, int64(time.Hour), 1},
	} {
		if f.value >= f.least && f.value <= f.most {
			continue
		}
		if f.unit > 0 {
			return fmt.Errorf("-%s %v is not from %v to %v", f.flag, time.Duration(f.value), time.Duration(f.least),
				time.Duration(f.most))
		}
		return fmt.Errorf("-%s %d is not from %d to %d", f.flag, f.value, f.least, f.most)
	}
	if !(q.slowdown >= 1 && q.slowdown <= 100) {
		return fmt.Errorf("-slowdown %v is not from 1 to 100", q.slowdown)
	}
	if spreads[q.spread] == nil {
		return fmt.Errorf("-spread %q is not const, narrow, exp or wide", q.spread)
	}
	if q.locks == 0 {
		q.locks = q.cores
	}
	switch q.machine {
	case "preset":
		q.constants = gil.LinuxVM
	case "measured":
		var err error
		q.constants, err = gil.Calibrate()
		return err
	default:
		return fmt.Errorf("-machine %q is not preset or measured", q.machine)
	}
	return nil
}

// model is a way to run the service.
type model struct {
	name   string
	mark   byte // in the chart
	policy gil.Policy
	locks  int           // 0: none
	more   time.Duration // CPU time of each request, under the lock
	slower float64
}

func (q *question) models() []model {
	lock := gil.Interval(q.interval)
	return []model{
		{name: "one lock", mark: 'L', policy: lock, locks: 1, slower: 1},
		{
			name: fmt.Sprintf("%d interpreters", q.locks), mark: 'i', policy: gil.PerInterpreter(q.locks, lock),
			locks: q.locks, slower: 1,
		},
		{
			name: fmt.Sprintf("%d processes", q.locks), mark: 'p', policy: gil.PerInterpreter(q.locks, lock),
			locks: q.locks, more: q.handover, slower: 1,
		},
		{name: "no lock", mark: 'f', policy: gil.Free(q.slowdown), slower: q.slowdown},
	}
}

// load is the service in a model, with so many threads.
func (q *question) load(m model, threads int) gil.Load {
	of := spreads[q.spread]
	locked := q.cpu * time.Duration(q.locked) / 100
	return gil.Load{
		Label: "requests", Threads: threads, Compute: of(locked + m.more), Released: of(q.cpu - locked),
		Wait: of(q.wait), Waits: q.waits,
	}
}

// loads is the service beside what else the process does: threads that compute for ever.
func (q *question) loads(l gil.Load) []gil.Load {
	loads := []gil.Load{l}
	if q.others > 0 {
		loads = append(loads, gil.Load{Label: "others", Threads: q.others, Compute: gil.Const(10 * time.Millisecond)})
	}
	return loads
}

// offered is the service in a model, with the requests that arrive.
func (q *question) offered(m model) gil.Load {
	l := q.load(m, q.threads)
	l.Arrivals = gil.Exp(time.Second / time.Duration(q.rate))
	return l
}

// form is the load whose closed form is the model's: computing takes as long as it does there, but
// for native code.
func (q *question) form(m model, threads int) gil.Load {
	l := q.load(m, threads)
	l.Compute = gil.Const(time.Duration(m.slower * float64(l.Compute.Mean())))
	return l
}

// bound is the most requests per second that a model can do with so many threads.
func (q *question) bound(m model, threads int) float64 {
	return q.form(m, threads).Bound(m.locks, q.cores)
}

// steps are the numbers of threads in the chart: powers of two, and the one asked for.
func (q *question) steps() []int {
	steps := []int{q.threads}
	for n := 1; n < max(q.most, q.threads); n *= 2 {
		steps = append(steps, n)
	}
	steps = append(steps, max(q.most, q.threads))
	slices.Sort(steps)
	return slices.Compact(steps)
}
