package model

import (
	"math/rand/v2"
	"time"

	"github.com/quartet-go/quartet/gil"
)

// Look is what a request does during a span of time.
type Look uint8

// The looks of a span, in the order in which the page explains them.
const (
	Queued Look = iota // has arrived, and nobody works on it
	Runs               // computes, or waits for a core
	Holds              // is in native code that keeps the lock
	Native             // is in native code that has released it
	Wants              // could go on, and waits for the loop, a slot or the lock
	Waits              // in a sleep, an await or a block
	looks
)

// span is a stretch of a request's life.
type span struct {
	from, to time.Duration
	look     Look
	step     int // a line of the script
}

// request is one, or a job.
type request struct {
	id      int // of requests from 1 on, as they arrive, alike in all models; of jobs from -1 down
	job     bool
	script  []Step
	lane    int
	arrived time.Duration
	begun   bool
	done    bool
	ended   time.Duration
	step    int
	read    int // what it has read of the counter that each request adds 1 to
	spans   []span
	look    Look // since the last span
	since   time.Duration
	due     time.Duration // when the wait that it is in should end; 0: not known, or in none
}

// recorder writes down the steps of all requests.
type recorder struct {
	settings Settings
	requests []*request
	ids      int
	jobs     int
	counters map[int]int // by process; 0 if they share memory
	private  bool        // each process has a counter of its own
	computed time.Duration
}

func newRecorder(s Settings) *recorder { return &recorder{settings: s, counters: make(map[int]int)} }

// arrives makes a request, or a job.
func (r *recorder) arrives(at time.Duration, job bool) *request {
	q := &request{job: job, script: r.settings.Script, arrived: at, since: at}
	if job {
		q.script = r.settings.job()
		r.jobs++
		q.id = -r.jobs
	} else {
		r.ids++
		q.id = r.ids
	}
	r.requests = append(r.requests, q)
	return q
}

// begin says that somebody works on q from now on. It reads the counter.
func (r *recorder) begin(q *request, lane int, now time.Duration) {
	q.lane, q.begun = lane, true
	q.enter(Runs, now)
	if !q.job {
		q.read = r.counters[r.counter(q)]
	}
}

// end says that q is answered. It writes the counter.
func (r *recorder) end(q *request, now time.Duration) {
	q.close(now)
	q.done, q.ended = true, now
	if !q.job {
		r.counters[r.counter(q)] = q.read + 1
	}
}

func (r *recorder) counter(q *request) int {
	if r.private {
		return q.lane
	}
	return 0
}

// finish closes the open steps when the time is over.
func (r *recorder) finish() {
	for _, q := range r.requests {
		if q.done {
			continue
		}
		if q.due > 0 && q.due < Lasts {
			q.enter(Wants, q.due) // nobody has told it
		}
		q.close(Lasts)
	}
}

// enter begins another look.
func (q *request) enter(l Look, now time.Duration) {
	q.close(now)
	q.look = l
}

// at says which line q is at.
func (q *request) at(step int, now time.Duration) {
	q.close(now)
	q.step = step
}

// close ends the span that is open.
func (q *request) close(now time.Duration) {
	if now > q.since {
		q.spans = append(q.spans, span{q.since, now, q.look, q.step})
		q.since = now
	}
}

// arrivals are the times at which requests arrive: the same for every model.
func (s Settings) arrivals() (at []time.Duration) {
	between := gil.Exp(time.Second / time.Duration(s.Rate))
	src := rand.NewPCG(s.Seed, 1)
	for t := between.Sample(src); t < Lasts; t += max(between.Sample(src), 1) {
		at = append(at, t)
	}
	return at
}
