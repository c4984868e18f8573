package prometheus

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quartet-go/quartet"
)

// Collector is a prometheus.Collector of executors. Make it with [NewCollector]. Its methods may be
// called from any goroutine.
type Collector struct {
	// mu guards subs.
	mu   sync.Mutex
	subs []subject
}

// subject is an executor, or a view, under the name that its metrics have. The name is the label
// "executor" of all its metrics.
type subject struct {
	name string
	ex   quartet.Executor
}

var _ prometheus.Collector = (*Collector)(nil)

// NewCollector returns a collector of these executors under their own names, those of Config.Name.
// It panics on a nil one, on one without a Name, and on two with the same name: give one of them a
// Config.Name, or add it with [Collector.Add].
func NewCollector(executors ...quartet.Executor) *Collector {
	c := &Collector{}
	for i, ex := range executors {
		if ex == nil {
			panic(fmt.Sprintf("prometheus: NewCollector: executor %d is nil", i))
		}
		named, ok := quartet.As[interface{ Name() string }](ex)
		if !ok {
			panic(fmt.Sprintf("prometheus: NewCollector: a %T has no Name; use Add", ex))
		}
		c.Add(named.Name(), ex)
	}
	return c
}

// Add adds an executor, or a key or limit view of one, under a name. It panics on an empty or
// repeated name, on a nil executor, and on one that has no Stats.
func (c *Collector) Add(name string, ex quartet.Executor) {
	if ex == nil {
		panic(fmt.Sprintf("prometheus: Add(%q) of a nil executor", name))
	}
	if _, ok := quartet.As[counter](ex); !ok {
		panic(fmt.Sprintf("prometheus: Add(%q): a %T has no Stats", name, ex))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if name == "" {
		panic("prometheus: Add needs a name")
	}
	for _, s := range c.subs {
		if s.name == name {
			panic(fmt.Sprintf("prometheus: the name %q is taken: set Config.Name, or Add it under another", name))
		}
	}
	c.subs = append(c.subs, subject{name, ex})
}

// Remove removes the executor with this name, as after its Close. It reports whether there was one.
// It makes a new list, since a Collect may be reading the old one.
func (c *Collector) Remove(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.subs {
		if s.name == name {
			c.subs = append(c.subs[:i:i], c.subs[i+1:]...)
			return true
		}
	}
	return false
}

// counter is every executor of this module, and their views.
type counter interface{ Stats() quartet.Stats }

// The names follow Prometheus' own rules: a unit at the end, _total for what only grows.
var (
	submitted = describe("tasks_submitted_total", "Tasks accepted.")
	ended     = describe("tasks_ended_total",
		"Tasks that have ended, by outcome: done, failed, abandoned before their start.", "outcome")
	rejected  = describe("tasks_rejected_total", "Submits refused.")
	tasks     = describe("tasks", "Unfinished tasks, by state: queued, running, waiting in Await or Suspend.", "state")
	blocked   = describe("blocked_submitters", "Submitters that wait for room.")
	limit     = describe("tasks_limit", "Tasks that may run at once.")
	queueWait = describe("queue_wait_seconds", "Time from the submit to the start, of sampled tasks.")
	runTime   = describe("run_time_seconds", "Time from the start to the end, waits included, of sampled tasks.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("quartet_"+name, help, append([]string{"executor"}, labels...), nil)
}

// Describe implements prometheus.Collector. All metrics are described, also those that only some
// executors have, so that a registry finds conflicts early.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		submitted, ended, rejected, tasks, blocked, limit, queueWait, runTime,
		workers, workerMemory, workerRestarts, loopLag, loopIdle, loopConns, loopDropped,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. The lock is not held while executors are asked, so that
// one which takes its time holds up no Add. The list needs no copy: Add appends behind the end that
// is read here, and Remove makes a new list. No metric is kept between two scrapes.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	subs := c.subs[:len(c.subs):len(c.subs)]
	c.mu.Unlock()
	for _, s := range subs {
		e := emitter{ch, s.name}
		if n, ok := quartet.As[counter](s.ex); ok {
			e.stats(n.Stats())
		}
		e.processes(s.ex)
		e.loop(s.ex)
	}
}

// emitter sends the metrics of one executor.
type emitter struct {
	ch   chan<- prometheus.Metric
	name string
}

// stats sends the numbers of the contract, which every executor has.
func (e emitter) stats(s quartet.Stats) {
	e.count(submitted, s.Submitted)
	e.count(ended, s.Done, "done")
	e.count(ended, s.Failed, "failed")
	e.count(ended, s.Abandoned, "abandoned")
	e.count(rejected, s.Rejected)
	e.gauge(tasks, float64(s.Queued), "queued")
	e.gauge(tasks, float64(s.Running), "running")
	e.gauge(tasks, float64(s.Waiting), "waiting")
	e.gauge(blocked, float64(s.Blocked))
	if s.Limit > 0 {
		e.gauge(limit, float64(s.Limit))
	}
	e.histogram(queueWait, s.QueueWait)
	e.histogram(runTime, s.RunTime)
}

func (e emitter) count(d *prometheus.Desc, n uint64, labels ...string) {
	e.send(prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), e.labels(labels)...))
}

func (e emitter) gauge(d *prometheus.Desc, v float64, labels ...string) {
	e.send(prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, e.labels(labels)...))
}

// labels are those of Describe, in its order: the executor first.
func (e emitter) labels(more []string) []string { return append([]string{e.name}, more...) }

func (e emitter) send(m prometheus.Metric) { e.ch <- m }

// histogram sends h as a native histogram of schema 0, whose buckets are the powers of two of a
// second.
func (e emitter) histogram(d *prometheus.Desc, h quartet.Histogram) {
	e.send(prometheus.MustNewConstNativeHistogram(d, h.Count, h.Sum.Seconds(), nativeBuckets(h), nil, h.Buckets[0], 0,
		zeroWidth, time.Time{}, e.name))
}

// zeroWidth is the width of the bucket of zero: durations below a nanosecond.
const zeroWidth = 1e-9

// nativeBuckets returns the buckets of h by the keys of a native histogram of schema 0: key k
// counts values above 2^(k-1) and up to 2^k seconds. Ours are bounded by powers of two of a
// nanosecond, which lie between two of these bounds. Each goes to the bucket that holds its
// greatest value, so that a quantile is never too small and at most four times too large.
func nativeBuckets(h quartet.Histogram) map[int]int64 {
	buckets := make(map[int]int64)
	for i, n := range h.Buckets {
		if i == 0 || n == 0 {
			continue
		}
		greatest := float64(uint64(1)<<min(i, 63)-1) * 1e-9
		buckets[int(math.Ceil(math.Log2(greatest)))] += int64(n)
	}
	return buckets
}
