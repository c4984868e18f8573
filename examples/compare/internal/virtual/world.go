package virtual

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/gil"
)

// world is a model in simulation: its threads, the requests between them, and the measurements. All
// of it runs on the goroutine that simulates.
type world struct {
	scenario load.Scenario
	threads  []gil.StepThread
	boxes    int
	front    *mailbox // where requests arrive
	figures  load.Sample
	inFlight int64
	started  int64
	ids      uint64

	observer quartet.Observer // nil: nobody looks
	threadOf map[string]*thread
	running  int64 // threads that compute for a request
}

func newWorld(sc load.Scenario, o quartet.Observer) *world {
	return &world{scenario: sc, observer: o, threadOf: make(map[string]*thread)}
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
	w.started++
	r.runs = true
	w.figures.Started = max(w.figures.Started, w.started)
	w.holding(l, r, now)
}

// ends accounts for one that nobody works on any more, and nobody waits for in its place.
func (w *world) ends(l lane, r *request, now time.Duration) {
	if r.runs {
		r.runs = false
		w.started--
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
	all := int64(len(w.scenario.Requests))
	if w.scenario.Chain.Label != "" {
		all++
	}
	return w.figures.Answered == w.figures.Sent && w.figures.Sent >= all
}

// sample returns the measurements, when the machine is at rest.
func (w *world) sample(r gil.Report) load.Sample {
	s := w.figures
	s.Begin, s.CPU = time.Unix(0, int64(settled)).UTC(), r.Total.Computed
	return s
}
