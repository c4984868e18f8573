package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
)

// gauge keeps the highest value that a count has had.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) add(n int64) {
	v := g.now.Add(n)
	for m := g.most.Load(); v > m && !g.most.CompareAndSwap(m, v); m = g.most.Load() {
	}
}

// run is one run in progress.
type run struct {
	serve          func(context.Context, Request, func(error))
	labelled       bool
	inFlight       gauge
	jobs           gauges
	sent, answered atomic.Int64
	heavy          atomic.Int64
	mu             sync.Mutex
	latencies      []time.Duration
	open           sync.WaitGroup
}

// order is a request and the receiver of its figures.
type order struct {
	ask    Ask
	job    Job
	due    time.Time
	counts bool
	then   func() // called when it has been answered, without an error
}

// send starts a request.
func (r *run) send(o order) {
	r.open.Add(1)
	r.sent.Add(1)
	r.inFlight.add(1)
	ctx := context.WithValue(context.Background(), gaugesKey{}, &r.jobs)
	if r.labelled {
		ctx = context.WithValue(quartet.Label(ctx, o.ask.Label), labelKey{}, o.ask.Label)
	}
	r.serve(ctx, Request{o.ask.Heavy, o.job}, func(err error) {
		r.inFlight.add(-1)
		r.account(o, err)
		if o.then != nil && err == nil {
			o.then()
		}
		r.open.Done()
	})
}

// LabelOf is the label of the request whose context it is, when somebody looks on.
func LabelOf(ctx context.Context) string {
	label, _ := ctx.Value(labelKey{}).(string)
	return label
}

type labelKey struct{}

func (r *run) account(o order, err error) {
	if err != nil {
		return
	}
	r.answered.Add(1)
	if o.ask.Heavy {
		r.heavy.Add(1)
	}
	if o.counts {
		took := time.Since(o.due)
		r.mu.Lock()
		r.latencies = append(r.latencies, took)
		r.mu.Unlock()
	}
}

// Measure opens m, plays the scenario on it, and waits until all requests have been answered. job
// is what a request asks for on this machine.
func Measure(m Model, s Setup, sc Scenario, job func(Ask) Job) Sample {
	cpu := cpuTime()
	server := m.Open(s)
	r := &run{serve: server.Serve, labelled: s.Observer != nil}
	begin := time.Now()
	r.play(sc, job)
	r.open.Wait()
	wall := time.Since(begin)
	server.Shut() // a process's CPU time is known when it has ended
	return Sample{
		Begin: begin, Wall: wall, CPU: cpuTime() - cpu, Latencies: r.latencies,
		InFlight: r.inFlight.most.Load(), Started: r.jobs.started.most.Load(), Running: r.jobs.running.most.Load(),
		Sent: r.sent.Load(), Answered: r.answered.Load(), Heavy: r.heavy.Load(),
	}
}
