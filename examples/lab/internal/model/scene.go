package model

import (
	"cmp"
	"slices"
	"time"
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

func (r *recorder) scene() Scene {
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
	s.Queue = r.queue(s.From, s.To)
	return s
}

func (q *request) where() Request {
	w := Request{ID: q.id, Job: q.job, Done: q.done, Arrived: q.arrived, Took: q.took()}
	for _, s := range q.spans {
		w.Looks[s.look] += s.to - s.from
	}
	return w
}

// change is one of the number of requests that wait.
type change struct {
	at time.Duration
	by int
}

// changes are all of them in order.
func (r *recorder) changes() (all []change) {
	for _, q := range r.requests {
		for _, s := range q.spans {
			if !q.job && (s.look == Queued || s.look == Wants) {
				all = append(all, change{s.from, 1}, change{s.to, -1})
			}
		}
	}
	slices.SortFunc(all, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	return all
}

// queue is how many requests wait, from one moment to another.
func (r *recorder) queue(from, to time.Duration) [][2]int64 {
	steps := [][2]int64{{int64(from), 0}}
	n := int64(0)
	for _, c := range r.changes() {
		if c.at >= to {
			break
		}
		n += int64(c.by)
		at := max(int64(c.at), int64(from))
		if last := len(steps) - 1; steps[last][0] == at {
			steps[last][1] = n
		} else {
			steps = append(steps, [2]int64{at, n})
		}
	}
	return steps
}

// overview is the most requests that waited in each part of the run.
func (r *recorder) overview() []int {
	const parts = 100
	most := make([]int, parts)
	n, part := 0, 0
	for _, c := range r.changes() {
		for to := min(parts-1, int(c.at*parts/Lasts)); part < to; {
			part++
			most[part] = n
		}
		n += c.by
		most[part] = max(most[part], n)
	}
	for part < parts-1 {
		part++
		most[part] = n
	}
	return most
}
