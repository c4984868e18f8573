package load

import (
	"sync/atomic"
	"time"
)

// Ask is what one request asks for.
type Ask struct {
	Label   string // in events
	Heavy   bool
	Compute time.Duration // CPU time
	Native  time.Duration // CPU time in a library that needs no lock meanwhile
	Wait    time.Duration
	Fate    Fate
}

// Timed is a request that is due at a time.
type Timed struct {
	Ask
	At     time.Duration // from the begin
	Counts bool          // its latency is what the workload is about
}

// Scenario is all that is asked of a model, as data, for models that run and for models that are
// simulated.
type Scenario struct {
	Requests []Timed // by their times
	// Chain is asked for again as soon as it has been answered, until For or an error. With no
	// Label there is none.
	Chain Ask
	For   time.Duration
}

// Open is how many requests may be open at once.
func (s Scenario) Open() int {
	if s.Chain.Label != "" {
		return len(s.Requests) + 1
	}
	return len(s.Requests)
}

// Burst is n equal requests at once.
func Burst(n int, a Ask) Scenario {
	s := Scenario{Requests: make([]Timed, n)}
	for i := range s.Requests {
		s.Requests[i] = Timed{Ask: a, Counts: true}
	}
	return s
}

// Job is what a request asks for, on this machine.
func (s Spinner) Job(a Ask) Job {
	return Job{Turns: s.Turns(a.Compute), Native: s.Turns(a.Native), Wait: a.Wait, Fate: a.Fate}
}

// play sends the requests when they are due, and the chain.
func (r *run) play(s Scenario, job func(Ask) Job) {
	var over atomic.Bool
	var chain func()
	chain = func() {
		if !over.Load() {
			r.send(order{ask: s.Chain, job: job(s.Chain), then: chain})
		}
	}
	if s.Chain.Label != "" {
		chain()
	}
	begin := time.Now()
	for _, t := range s.Requests {
		due := begin.Add(t.At)
		if t.At > 0 {
			time.Sleep(time.Until(due))
		}
		r.send(order{ask: t.Ask, job: job(t.Ask), due: due, counts: t.Counts})
	}
	over.Store(true)
}
