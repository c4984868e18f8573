package model

import (
	"cmp"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
)

// Scene is what happens between Settings.From and the end of its Span.
type Scene struct {
	From  time.Duration `json:"from"`
	To    time.Duration `json:"to"`
	Spans []Span        `json:"spans"`
	// Requests are those of the spans, by the time of their arrival.
	Requests []Request `json:"requests"`
	// Queue has the times at which the number of requests that wait for the loop, a slot, a thread
	// or the lock changes, and the number from then on.
	Queue [][2]int64 `json:"queue"`
}

// Span is a stretch of a request that somebody works on: lane, from, to, look, line of the script,
// request.
type Span [6]int64

// Request is where the time of one went.
type Request struct {
	ID      int                  `json:"id"`
	Job     bool                 `json:"job"`
	Done    bool                 `json:"done"`
	Arrived time.Duration        `json:"arrived"`
	Took    time.Duration        `json:"took"`
	Looks   [looks]time.Duration `json:"looks"`
}

func (r *recorder) scene(held quartet.Series) Scene {
	from := r.settings.From
	s := Scene{From: from, To: min(Lasts, from+r.settings.Span), Spans: []Span{}, Requests: []Request{}}
	for _, q := range r.requests {
		seen := false
		for _, sp := range q.spans {
			if sp.to <= s.From || sp.from >= s.To {
				continue
			}
			seen = true
			if sp.look != Queued {
				s.Spans = append(s.Spans, Span{
					int64(q.lane), int64(max(sp.from, s.From)), int64(min(sp.to, s.To)), int64(sp.look), int64(sp.step),
					int64(q.id),
				})
			}
		}
		if seen {
			s.Requests = append(s.Requests, q.where())
		}
	}
	slices.SortFunc(s.Spans, func(a, b Span) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	s.Queue = [][2]int64{{int64(s.From), int64(held.At(moment(s.From)))}}
	for _, p := range held {
		if at := since(p.At); at > s.From && at < s.To {
			s.Queue = append(s.Queue, [2]int64{int64(at), int64(p.N)})
		}
	}
	return s
}

func (q *request) where() Request {
	w := Request{ID: q.id, Job: q.job, Done: q.done, Arrived: q.arrived, Took: q.took()}
	for _, s := range q.spans {
		w.Looks[s.look] += s.to - s.from
	}
	return w
}
