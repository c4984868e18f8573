package model

import (
	"slices"
	"time"

	"github.com/quartet-go/quartet"
)

// moment is a time of the run as the library's events have it; since is the opposite.
func moment(at time.Duration) time.Time { return time.Unix(0, int64(at)) }

func since(at time.Time) time.Duration { return at.Sub(time.Unix(0, 0)) }

// timeline has the requests, without the jobs, for the library's series and samples: queued until
// somebody works on them, suspended while they want to go on and may not, and else started.
func (r *recorder) timeline() *quartet.Timeline {
	t := &quartet.Timeline{}
	for _, q := range r.requests {
		if q.job {
			continue
		}
		see := func(kind quartet.EventKind, at time.Duration) {
			t.Observe(quartet.Event{Kind: kind, Task: uint64(q.id), At: moment(at)})
		}
		see(quartet.EventQueued, q.arrived)
		for _, s := range q.spans {
			switch s.look {
			case Queued:
			case Wants:
				see(quartet.EventSuspended, s.from)
			default:
				see(quartet.EventStarted, s.from)
			}
		}
		if q.done {
			see(quartet.EventEnded, q.ended)
		}
	}
	t.Observe(quartet.Event{Kind: quartet.EventNoted, At: moment(Lasts)})
	return t
}

// heldUp is how many requests wait for the loop, a slot, a thread or the lock.
func heldUp(t *quartet.Timeline) quartet.Series {
	return t.Series("", quartet.EventQueued, quartet.EventSuspended)
}

// overview is the most requests that waited in each part of the run.
func overview(held quartet.Series) []int {
	most := make([]int, 100)
	part := Lasts / time.Duration(len(most))
	for i, s := 0, held; i < len(most); i++ {
		end := moment(part * time.Duration(i+1))
		after, _ := slices.BinarySearchFunc(s, end, func(p quartet.Point, at time.Time) int { return p.At.Compare(at) })
		most[i] = max(s.At(moment(part*time.Duration(i))), s[:after].Max())
		s = s[max(0, after-1):]
	}
	return most
}
