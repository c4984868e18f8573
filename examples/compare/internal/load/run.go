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

// Run is one run in progress.
type Run struct {
	serve             func(context.Context, Request, func(error))
	labelled          bool
	inFlight, running gauge
	sent, answered    atomic.Int64
	heavy             atomic.Int64
	mu                sync.Mutex
	latencies         []time.Duration
	open              sync.WaitGroup
}

// Order is a request and what is done with its figures.
type Order struct {
	Request
	Due    time.Time
	Counts bool   // its latency is what the workload is about
	Label  string // in events
	Then   func() // called when it has been answered
}

// Send starts a request.
func (r *Run) Send(o Order) {
	r.open.Add(1)
	r.sent.Add(1)
	r.inFlight.add(1)
	ctx := context.WithValue(context.Background(), runningKey{}, &r.running)
	if r.labelled {
		ctx = quartet.Label(ctx, o.Label)
	}
	r.serve(ctx, o.Request, func(err error) {
		r.inFlight.add(-1)
		r.account(o, err)
		if o.Then != nil {
			o.Then()
		}
		r.open.Done()
	})
}

func (r *Run) account(o Order, err error) {
	if err != nil {
		return
	}
	r.answered.Add(1)
	if o.Heavy {
		r.heavy.Add(1)
	}
	if o.Counts {
		took := time.Since(o.Due)
		r.mu.Lock()
		r.latencies = append(r.latencies, took)
		r.mu.Unlock()
	}
}

// Measure opens m, runs send on it, and waits until all requests have been answered.
func Measure(m Model, s Setup, send func(r *Run)) Sample {
	cpu := cpuTime()
	server := m.Open(s)
	r := &Run{serve: server.Serve, labelled: s.Observer != nil}
	begin := time.Now()
	send(r)
	r.open.Wait()
	wall := time.Since(begin)
	server.Shut() // a process's CPU time is known when it has ended
	return Sample{
		Begin: begin, Wall: wall, CPU: cpuTime() - cpu, Latencies: r.latencies,
		InFlight: r.inFlight.most.Load(), Running: r.running.most.Load(),
		Sent: r.sent.Load(), Answered: r.answered.Load(), Heavy: r.heavy.Load(),
	}
}
