package virtual

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/gil"
)

// world is a model in simulation: its threads, the requests between them, and what is measured. All of it runs on the
// goroutine that simulates.
type world struct {
	scenario load.Scenario
	threads  []gil.StepThread
	boxes    []*mailbox
	front    *mailbox // where requests arrive
	figures  load.Sample
	inFlight int64
	running  int64
	ids      uint64

	observer quartet.Observer
	holds    map[string]*request // by the name of a thread: what it works on
	lanes    map[string]lane
}

// request is one on its way.
type request struct {
	load.Timed
	id    uint64
	due   time.Duration
	until time.Duration // it waits
	chain bool
	runs  bool
	done  bool // by a helper, or its wait is over: its loop has to be told
}

// mailbox hands requests to servers: a queue of the machine's says that there is one, and here is which.
type mailbox struct {
	number  int
	items   []*request
	servers int
	back    bool // its servers work for a loop
}

func (w *world) newMailbox() *mailbox {
	b := &mailbox{number: len(w.boxes)}
	w.boxes = append(w.boxes, b)
	return b
}

func (b *mailbox) put(r *request) gil.Op {
	b.items = append(b.items, r)
	return gil.Op{Do: gil.DoPut, Queue: b.number}
}

// take returns nil when all is over.
func (b *mailbox) take() *request {
	if len(b.items) == 0 {
		return nil
	}
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

// arrives accounts for a request that has come.
func (w *world) arrives(r *request) {
	w.ids++
	w.inFlight++
	r.id = w.ids
	w.figures.Sent++
	w.figures.InFlight = max(w.figures.InFlight, w.inFlight)
	w.observed(r, quartet.EventQueued, r.due)
}

// begins accounts for a request that a thread works on from now.
func (w *world) begins(l lane, r *request, now time.Duration) {
	w.running++
	r.runs = true
	w.figures.Running = max(w.figures.Running, w.running)
	w.holding(l, r, now)
}

// ends accounts for one that nobody works on any more, and nobody waits for in its place.
func (w *world) ends(l lane, r *request, now time.Duration) {
	if r.runs {
		r.runs = false
		w.running--
	}
	w.leaves(l, r, now)
}

// answer accounts for an answer, and returns the request that follows it, if there is one.
func (w *world) answer(r *request, now time.Duration) (next *request) {
	w.observed(r, quartet.EventEnded, now)
	w.inFlight--
	w.figures.Answered++
	w.figures.Wall = now - settled
	if r.Heavy {
		w.figures.Heavy++
	}
	if r.Counts {
		w.figures.Latencies = append(w.figures.Latencies, now-r.due)
	}
	if r.chain && now < settled+w.scenario.For {
		return &request{Timed: r.Timed, due: now, chain: true}
	}
	return nil
}

// next brings a request to the front, if there is one. When all is over it wakes the servers, so that they end.
func (w *world) next(r *request) (ops []gil.Op) {
	if r != nil {
		w.arrives(r)
		return append(ops, w.front.put(r))
	}
	if !w.over() {
		return nil
	}
	for _, b := range w.boxes {
		for range b.servers {
			ops = append(ops, gil.Op{Do: gil.DoPut, Queue: b.number})
		}
	}
	return ops
}

// over reports whether all has been asked and answered.
func (w *world) over() bool {
	all := int64(len(w.scenario.Requests))
	if w.scenario.Chain.Label != "" {
		all++
	}
	return w.figures.Answered == w.figures.Sent && w.figures.Sent >= all
}

// sample is what was measured, when the machine is at rest.
func (w *world) sample(r gil.Report) load.Sample {
	s := w.figures
	s.Begin, s.CPU = time.Unix(0, int64(settled)).UTC(), r.Total.Computed
	return s
}
