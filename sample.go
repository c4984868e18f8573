package quartet

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Sample is how long one task took, and with what.
type Sample struct {
	Task   uint64
	Label  string
	Lane   int       // where it ran last
	Queued time.Time // when it was accepted
	// Took is the time from then until its end, and the sum of the others: it waited for its start,
	// ran, and waited in between. Under a global lock a thread that wants the lock is Waited.
	Took, Wait, Ran, Waited time.Duration
	Ended                   bool // else Took is its age at the end of the record
	Failed                  bool // by an error, a panic or Goexit, or abandoned
}

// Samples are tasks in the order in which they were accepted. A type of its own, so that quantiles
// are methods.
type Samples []Sample

// Samples returns the tasks of the named executor whose begin is in the record. Tasks that have not
// ended are among them with their age: without them a service that falls behind would look fast. It
// costs time in proportion to the record. A task whose begin lies before the record has no known
// Queued, and would look shorter than it was.
func (t *Timeline) Samples(executor string) Samples {
	_, events := t.record()
	var samples Samples
	open := make(map[uint64]*measuring)
	// An open-ended record ends with its last event, whatever executor that is of.
	end := t.window.to
	for _, e := range events {
		if t.window.to.IsZero() {
			end = e.At
		}
		if e.Executor != executor || e.Kind == EventNoted {
			continue
		}
		m := open[e.Task]
		if e.Kind == EventQueued {
			open[e.Task] = &measuring{Sample: Sample{Task: e.Task, Queued: e.At}, in: EventQueued, since: e.At}
			m = open[e.Task]
		}
		// Its times cannot be known, so it is left out rather than shortened.
		if m == nil {
			continue // it began before the record
		}
		if m.see(e); e.Kind == EventEnded {
			samples = append(samples, m.Sample)
			delete(open, e.Task)
		}
	}
	for _, m := range open {
		m.pass(end)
		samples = append(samples, m.Sample)
	}
	slices.SortFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Task, b.Task) })
	return samples
}

// measuring is a task that has not ended, and the state that it is in.
//
// The state changes with each event but a note, and pass counts the time in it. Since nothing else
// moves since, no time is counted twice.
type measuring struct {
	Sample
	in    EventKind
	since time.Time
}

// A label may be known only from a later event, and stays then.
func (m *measuring) see(e Event) {
	m.pass(e.At)
	m.in = state(e.Kind)
	m.Label = cmp.Or(e.Label, m.Label)
	if e.Kind != EventQueued && e.Kind != EventEnded {
		m.Lane = e.Lane
	}
	m.Ended, m.Failed = e.Kind == EventEnded, e.Failed
}

// pass counts the time until at. Each stretch counts for the state before the event, so the three
// parts add up to Took.
func (m *measuring) pass(at time.Time) {
	d := at.Sub(m.since)
	m.since = at
	m.Took += d
	switch m.in {
	case EventQueued:
		m.Wait += d
	case EventStarted:
		m.Ran += d
	default:
		m.Waited += d
	}
}

// Quantile returns what of the samples' Took the part q is not longer than, exactly: 0.5 is the
// median, the upper one of two; 0 and 1 are the shortest and the longest. It is 0 of none, and
// panics when q is not from 0 to 1.
func (s Samples) Quantile(q float64) time.Duration {
	return s.QuantileOf(q, func(x Sample) time.Duration { return x.Took })
}

// QuantileOf is Quantile of another duration: of Wait, of Ran, or of one that it computes. It sorts
// a copy of one number each, in n log n.
func (s Samples) QuantileOf(q float64, of func(Sample) time.Duration) time.Duration {
	// Written so that NaN is refused too.
	if !(q >= 0 && q <= 1) {
		panic(fmt.Sprintf("quartet: Samples.Quantile(%v): not from 0 to 1", q))
	}
	if len(s) == 0 {
		return 0
	}
	all := make([]time.Duration, len(s))
	for i, x := range s {
		all[i] = of(x)
	}
	slices.Sort(all)
	const rounding = 1e-9 // 0.29 of 100 is 29
	return all[min(int(q*float64(len(all))+rounding), len(all)-1)]
}
