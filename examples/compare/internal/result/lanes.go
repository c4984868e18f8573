package result

import (
	"time"

	"github.com/quartet-go/quartet"
)

// Lanes are the first steps of one model under mixed, as its executors told them: who ran what, and
// when.
type Lanes struct {
	Model string `json:"model"`
	Name  string `json:"name"`
	// Span is how much of the run it is. Events lie in it; that at 1970-01-01 00:00:00 UTC is at
	// its begin.
	Span   time.Duration   `json:"span_ns"`
	Events []quartet.Event `json:"events"`
}

// NewLanes takes the events from begin on, for span: the tasks that had started by its end, and
// what happened to them up to there.
func NewLanes(model, name string, begin time.Time, span time.Duration, events []quartet.Event) Lanes {
	l := Lanes{Model: model, Name: name, Span: span}
	for _, e := range events {
		if at := e.At.Sub(begin); at >= 0 && at <= span {
			e.At = time.Unix(0, int64(at)).UTC()
			l.Events = append(l.Events, e)
		}
	}
	return l
}

// Timeline returns lanes of several models as one, on one time axis, each model's lanes under its
// name.
func Timeline(lanes ...Lanes) *quartet.Timeline {
	var t quartet.Timeline
	for _, l := range lanes {
		for _, e := range l.Events {
			if e.Executor = l.Name + " " + e.Executor; e.Executor == l.Name+" " {
				e.Executor = l.Name
			}
			t.Observe(e)
		}
	}
	return &t
}
