package load

import (
	"slices"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Sample is what one run of one model measured.
type Sample struct {
	Begin            time.Time
	Wall, CPU        time.Duration
	Latencies        []time.Duration // of the requests that the workload is about
	InFlight         int64           // sent and not answered, the most at once
	Started, Running int64           // begun and not ended; and those that compute: the most at once in this process
	Sent, Answered   int64
	Heavy            int64    // heavy requests answered
	From             int      // requests that were measured, when it is extrapolated from fewer; else 0
	Rounds           []Sample // of which it was merged, each with its latencies sorted
}

// Merge makes one sample of the rounds: medians, and all latencies.
func Merge(rounds []Sample) Sample {
	if len(rounds) == 0 {
		return Sample{}
	}
	for _, s := range rounds {
		slices.Sort(s.Latencies)
	}
	m := rounds[0]
	m.Rounds, m.Latencies = rounds, slices.Clone(m.Latencies)
	m.Wall = median(rounds, func(s Sample) time.Duration { return s.Wall })
	m.CPU = median(rounds, func(s Sample) time.Duration { return s.CPU })
	for _, s := range rounds[1:] {
		m.Latencies = append(m.Latencies, s.Latencies...)
		m.InFlight, m.Started, m.Running = max(m.InFlight, s.InFlight), max(m.Started, s.Started),
			max(m.Running, s.Running)
		m.Sent, m.Answered, m.Heavy = m.Sent+s.Sent, m.Answered+s.Answered, m.Heavy+s.Heavy
	}
	slices.Sort(m.Latencies)
	return m
}

func median(rounds []Sample, of func(Sample) time.Duration) time.Duration {
	ds := make([]time.Duration, len(rounds))
	for i, s := range rounds {
		ds[i] = of(s)
	}
	return result.Median(ds)
}

// Extrapolate scales a sample of what took its time one after the other, from so many requests to
// n.
func (s Sample) Extrapolate(from, n int) Sample {
	if from == n {
		return s
	}
	scale := func(d time.Duration) time.Duration { return d * time.Duration(n) / time.Duration(from) }
	s.Wall, s.CPU, s.From, s.Latencies = scale(s.Wall), scale(s.CPU), from, slices.Clone(s.Latencies)
	for i, l := range s.Latencies {
		s.Latencies[i] = scale(l)
	}
	s.Rounds = slices.Clone(s.Rounds)
	for i, r := range s.Rounds {
		s.Rounds[i] = r.Extrapolate(from, n)
	}
	return s
}

// Percentile of the latencies of a merged sample.
func (s Sample) Percentile(p int) time.Duration { return result.Percentile(s.Latencies, p) }

// Cores is how many were busy, on average.
func (s Sample) Cores() float64 {
	if s.Wall == 0 {
		return 0
	}
	return float64(s.CPU) / float64(s.Wall)
}

// Lost is how many requests got no answer, or an error.
func (s Sample) Lost() int64 { return s.Sent - s.Answered }
