package quartet

import (
	"math/bits"
	"time"
)

// Stats is a snapshot of an executor's numbers. At rest Submitted = Done + Failed + Abandoned +
// Running + Waiting + Queued; Rejected submits are counted apart.
//
// It is taken under the executor's lock, but for the parts that run without one; those are added so
// that the sum still holds.
type Stats struct {
	Submitted uint64 // accepted
	Queued    uint64 // accepted, not started
	Running   uint64 // started, and not in Await or Suspend
	Waiting   uint64 // started, and in Await or Suspend
	Done      uint64 // returned without an error
	Failed    uint64 // returned an error, panicked or called Goexit
	Abandoned uint64 // never started
	Rejected  uint64 // refused
	Blocked   uint64 // submitters that wait for room now; their tasks are not accepted yet
	Limit     uint64 // tasks that may run at once: workers, processes, 1 for a loop and a lock; 0: there is no limit

	QueueWait Histogram // from the submit to the start, sampled unless Config.ExactTimes
	RunTime   Histogram // from the start to the end, waits included, sampled likewise
}

// Histogram counts durations in buckets whose bounds are powers of two: bucket i holds those below
// 1<<i nanoseconds and not below half of that. Its zero value is empty. It is a plain value:
// goroutines that share one need a lock. Powers of two make Observe a few instructions, without a
// search and without an allocation; a quantile is off by a factor of two at most.
//
// 64 buckets hold every duration: bucket 0 the zeros, bucket 63 all from 146 years on.
type Histogram struct {
	Count   uint64        // of all durations
	Sum     time.Duration // of all of them
	Max     time.Duration // the longest, exactly
	Buckets [64]uint64
}

// Observe adds d; a negative one counts as 0.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	h.Count++
	h.Sum += d
	h.Max = max(h.Max, d)
	// Len64 of a positive int64 is at most 63, so the index is always in range.
	h.Buckets[bits.Len64(uint64(d))]++
}

// Mean returns the mean duration, 0 when the histogram is empty.
func (h *Histogram) Mean() time.Duration {
	if h.Count == 0 {
		return 0
	}
	return h.Sum / time.Duration(h.Count)
}

// Quantile returns an upper bound of the q-quantile (0 ≤ q ≤ 1), at most twice its value and at
// most Max. It is the upper bound of the bucket in which the value is.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.Count == 0 {
		return 0
	}
	// A q of 1 gives a rank that no bucket reaches, and so Max.
	rank := uint64(q * float64(h.Count))
	var seen uint64
	for i, n := range h.Buckets {
		if seen += n; seen > rank {
			return min(time.Duration(uint64(1)<<i-1), h.Max)
		}
	}
	return h.Max
}
