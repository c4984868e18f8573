package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
)

// Models are the names of the four, in the order in which the page shows them.
var Models = []string{"loop", "pool", "processes", "lock"}

var runs = map[string]func(Settings) *recorder{"loop": loop, "pool": pool, "processes": processes, "lock": lock}

// Answer is what the page shows of a model.
type Answer struct {
	Model    string `json:"model"`
	Offered  int    `json:"offered"`  // requests that arrived
	Answered int    `json:"answered"` // until the end
	// P50 and P99 count a request without an answer with its age, so that a service that falls
	// behind does not look fast. P50AtLeast and P99AtLeast: with all answers they would be more.
	P50        time.Duration `json:"p50"`
	P99        time.Duration `json:"p99"`
	P50AtLeast bool          `json:"p50AtLeast"`
	P99AtLeast bool          `json:"p99AtLeast"`
	Keeps      bool          `json:"keeps"`  // the rule
	Lost       int           `json:"lost"`   // updates of the counter
	Copies     int           `json:"copies"` // of the counter: processes do not share it
	Cores      int           `json:"cores"`  // busy, in hundredths
	// Histogram counts latencies by Bounds.
	Histogram []int `json:"histogram"`
	// Overview is the most requests that waited, in each hundredth of the run.
	Overview []int `json:"overview"`
	Scene    Scene `json:"scene"`
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
	seen := r.timeline()
	samples := seen.Samples("")
	a.Offered, a.P50, a.P99 = len(samples), samples.Quantile(0.5), samples.Quantile(0.99)
	for _, s := range samples {
		if !s.Ended {
			a.P99AtLeast = a.P99AtLeast || s.Took >= a.P99
			continue
		}
		a.Answered++
		i, _ := slices.BinarySearch(Bounds, s.Took+1)
		a.Histogram[i]++
	}
	a.P50AtLeast = samples.QuantileOf(0.5, atMost) > a.P50*11/10 // less is that of the last few
	a.Keeps = a.P99 <= r.settings.Rule
	a.Lost = a.Answered
	for _, n := range r.counters {
		a.Lost -= n
	}
	a.Cores = int(r.computed * 100 / Lasts)
	held := heldUp(seen)
	a.Overview = overview(held)
	a.Scene = r.scene(held)
	return a
}

// atMost is how long a request may have taken: any time, where it has no answer.
func atMost(s quartet.Sample) time.Duration {
	if s.Ended {
		return s.Took
	}
	return Lasts
}

// took is the time until the answer, or until now.
func (q *request) took() time.Duration {
	if q.done {
		return q.ended - q.arrived
	}
	return Lasts - q.arrived
}
