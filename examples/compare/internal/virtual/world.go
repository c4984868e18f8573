package virtual

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/gil"
)

// world is a model that is simulated: its threads, the requests between them, and what they have
// done. Everything in it runs on the goroutine that simulates.
type world struct {
	scenario load.Scenario
	threads  []gil.StepThread
	servers  []*server // of the threads; nil: outside
	boxes    int
	front    *mailbox   // where requests arrive
	came     []*request // by id, from 1 on
	open     int        // of them, without an answer

	seen     quartet.Timeline // requests and jobs: the measurements are their series and samples
	observer quartet.Observer // nil: nobody looks at the lanes
}

func newWorld(sc load.Scenario, o quartet.Observer) *world {
	return &world{scenario: sc, observer: o}
}

// request is one on its way.
type request struct {
	load.Timed
	id    uint64
	due   time.Duration
	until time.Duration // it waits
	chain bool
	done  bool // by a helper, or its wait is over: its loop has to be told

	handed bool     // by a primary, which waits to hear that it was accepted
	free   *mailbox // it is no request, but says that the loop of this mailbox is free
}

// mailbox hands requests to servers: a queue of the machine's says that there is one, and here is
// which.
type mailbox struct {
	number int
	items  []*request
	back   bool // its servers work for a loop
}

func (w *world) newMailbox() *mailbox {
	w.boxes++
	return &mailbox{number: w.boxes - 1}
}

func (b *mailbox) put(r *request) gil.Op {
	b.items = append(b.items, r)
	return gil.Op{Do: gil.DoPut, Queue: b.number}
}

// get waits until there is something to take.
func (b *mailbox) get() gil.Op { return gil.Op{Do: gil.DoGet, Queue: b.number} }

func (b *mailbox) take() *request {
	r := b.items[0]
	b.items = b.items[1:]
	return r
}

// requests are the scenario's, the chain's first one before the others.
func (w *world) requests() (all []*request) {
	if w.scenario.Chain.Label != "" {
		all = append(all, &request{Timed: load.Timed{Ask: w.scenario.Chain}, due: settled, chain: true})
	}
	for _, t := range w.scenario.Requests {
		all = append(all, &request{Timed: t, due: settled + t.At})
	}
	return all
}

// arrives tells of a request that has come.
func (w *world) arrives(r *request) {
	w.came = append(w.came, r)
	w.open++
	r.id = uint64(len(w.came))
	w.observed(r, quartet.EventQueued, r.due)
}

// answer tells of an answer, and returns the request that follows it, if there is one.
func (w *world) answer(r *request, now time.Duration) (next *request) {
	w.observed(r, quartet.EventEnded, now)
	w.open--
	if r.chain && now < settled+w.scenario.For {
		return &request{Timed: r.Timed, due: now, chain: true}
	}
	return nil
}

// next brings a request to the front, if there is one.
func (w *world) next(r *request) []gil.Op {
	if r == nil {
		return nil
	}
	w.arrives(r)
	return []gil.Op{w.front.put(r)}
}

// over reports whether all has been asked and answered.
func (w *world) over() bool {
	all := len(w.scenario.Requests)
	if w.scenario.Chain.Label != "" {
		all++
	}
	return w.open == 0 && len(w.came) >= all
}

// sample returns the measurements, when the machine is at rest.
func (w *world) sample(r gil.Report) load.Sample {
	most := func(executor string, states ...quartet.EventKind) int64 {
		return int64(w.seen.Series(executor, states...).Max())
	}
	s := load.Sample{
		Begin: moment(settled), CPU: r.Total.Computed,
		InFlight: most(requests, quartet.EventQueued),
		Started:  most(jobs, quartet.EventStarted, quartet.EventSuspended),
		Running:  most(jobs, quartet.EventStarted),
		Sent:     int64(len(w.came)),
	}
	for i, x := range w.seen.Samples(requests) {
		if !x.Ended {
			continue
		}
		s.Answered++
		s.Wall = max(s.Wall, x.Queued.Add(x.Took).Sub(s.Begin))
		if w.came[i].Heavy {
			s.Heavy++
		}
		if w.came[i].Counts {
			s.Latencies = append(s.Latencies, x.Took)
		}
	}
	return s
}
