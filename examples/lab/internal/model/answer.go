package model

import (
	"fmt"
	"slices"
	"time"
)

// Models are the names of the four, in the order in which the page shows them.
var Models = []string{"loop", "pool", "processes", "lock"}

var runs = map[string]func(Settings) *recorder{"loop": loop, "pool": pool, "processes": processes, "lock": lock}

// Answer is what the page shows of a model.
type Answer struct {
	Model    string `json:"model"`
	Offered  int    `json:"offered"`  // requests that arrived
	Answered int    `json:"answered"` // until the end
	// P50, P99 and Max count a request without an answer with its age, so that a service that falls
	// behind does not look fast. AtLeast says that P99 is such an age.
	P50     time.Duration `json:"p50"`
	P99     time.Duration `json:"p99"`
	Max     time.Duration `json:"max"`
	AtLeast bool          `json:"atLeast"`
	Keeps   bool          `json:"keeps"`  // the rule
	Lost    int           `json:"lost"`   // updates of the counter
	Copies  int           `json:"copies"` // of the counter: processes do not share it
	Cores   int           `json:"cores"`  // busy, in hundredths
	Lanes   int           `json:"lanes"`
	// Histogram counts latencies by Bounds.
	Histogram []int `json:"histogram"`
	// Overview is the most requests that waited, in each hundredth of the run.
	Overview []int `json:"overview"`
	// Mean is how much time an answered request spent on each look, on average.
	Mean  [looks]time.Duration `json:"mean"`
	Scene Scene                `json:"scene"`
}

// Bounds are the lower ends of the histogram's columns, from the second on.
var Bounds = bounds()

func bounds() (b []time.Duration) {
	for d := 100 * time.Microsecond; d < 10*time.Second; d = d * 6 / 5 {
		b = append(b, d)
	}
	return b
}

// Run simulates one of the Models.
func Run(model string, s Settings) (Answer, error) {
	if err := s.Check(); err != nil {
		return Answer{}, err
	}
	run, ok := runs[model]
	if !ok {
		return Answer{}, fmt.Errorf("lab: no model is called %q", model)
	}
	return run(s).answer(model), nil
}

func (r *recorder) answer(model string) Answer {
	a := Answer{Model: model, Histogram: make([]int, len(Bounds)+1), Copies: 1}
	if r.private {
		a.Copies = r.settings.Cores
	}
	var took []time.Duration
	var sums [looks]time.Duration
	for _, q := range r.requests {
		if q.begun {
			a.Lanes = max(a.Lanes, q.lane+1)
		}
		if q.job {
			continue
		}
		a.Offered++
		took = append(took, q.took())
		if !q.done {
			continue
		}
		a.Answered++
		i, _ := slices.BinarySearch(Bounds, q.took()+1)
		a.Histogram[i]++
		for _, s := range q.spans {
			sums[s.look] += s.to - s.from
		}
	}
	for i := range sums {
		a.Mean[i] = sums[i] / time.Duration(max(1, a.Answered))
	}
	a.Lost = a.Answered
	for _, n := range r.counters {
		a.Lost -= n
	}
	a.Cores = int(r.computed * 100 / Lasts)
	r.latencies(&a, took)
	a.Overview = r.overview()
	a.Scene = r.scene()
	return a
}

// took is the time until the answer, or until now.
func (q *request) took() time.Duration {
	if q.done {
		return q.ended - q.arrived
	}
	return Lasts - q.arrived
}

func (r *recorder) latencies(a *Answer, took []time.Duration) {
	slices.Sort(took)
	if n := len(took); n > 0 {
		a.P50, a.P99, a.Max = took[n/2], took[n*99/100], took[n-1]
	}
	for _, q := range r.requests {
		a.AtLeast = a.AtLeast || !q.job && !q.done && q.took() >= a.P99
	}
	a.Keeps = a.P99 <= r.settings.Rule
}
