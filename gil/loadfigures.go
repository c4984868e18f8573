package gil

import (
	"fmt"
	"slices"
	"time"
)

// LoadFigures is what became of a load.
//
// Samples shares its array with the simulation, which only appends.
type LoadFigures struct {
	Label     string
	Threads   int
	Foreign   bool
	Rounds    uint64 // ended, after the first tenth
	PerSecond float64
	// Mean, P50, P99 and Max are of the times that these rounds took, exactly: from the arrival, in
	// an open loop.
	Mean, P50, P99, Max time.Duration
	// Bound is the most rounds per second that there can be: see [Load.Bound]. Beside other loads
	// it is less.
	Bound float64
	// Offered is how many requests per second arrived, and Backlog how many wait in the end. Both
	// are 0 in a closed loop.
	Offered float64
	Backlog int
	// Samples are the rounds themselves, in the order of their ends. They must not be changed.
	Samples []Sample
}

// Sample is one round.
type Sample struct {
	At   time.Duration // when it ended
	Took time.Duration
}

// String says it in a sentence.
func (l LoadFigures) String() string {
	offered := ""
	if l.Offered > 0 {
		offered = fmt.Sprintf(" of %.4g that arrive", l.Offered)
	}
	text := fmt.Sprintf("%s: %s, %.4g rounds per second%s, %.0f%% of the most (%.4g); a round takes %s, 99 of 100 up to %s",
		l.Label, plural(l.Threads, "thread"), l.PerSecond, offered, 100*l.PerSecond/max(1e-9, l.Bound), l.Bound,
		brief(l.Mean), brief(l.P99))
	if l.Backlog > 0 {
		text += fmt.Sprintf("; %d wait in the end", l.Backlog)
	}
	return text
}

// Series divides the samples into spans of time, from 0 on, and returns the figures of each: how a
// load fares as time goes on. It panics when every is not positive. A span in which no round ended
// is there, with zero figures, so that index times every is its begin.
func (l LoadFigures) Series(every time.Duration) []LoadFigures {
	if every <= 0 {
		panic(fmt.Sprintf("gil: Series(%v): a span is positive", every))
	}
	var series []LoadFigures
	for i := 0; i < len(l.Samples); {
		// The samples are in order of time, so those of one span lie side by side.
		span := l.Samples[i].At / every
		for time.Duration(len(series)) <= span {
			series = append(series, LoadFigures{Label: l.Label, Threads: l.Threads, Foreign: l.Foreign, Bound: l.Bound})
		}
		end := i
		for end < len(l.Samples) && l.Samples[end].At/every == span {
			end++
		}
		series[span].Samples = l.Samples[i:end]
		series[span].count(every)
		i = end
	}
	return series
}

// PerSecond is how many rounds per second all loads of a [Workload] made that are not foreign.
func (r *Report) PerSecond() float64 {
	var sum float64
	for _, l := range r.Loads {
		if !l.Foreign {
			sum += l.PerSecond
		}
	}
	return sum
}

// count makes the figures of the samples, which ended in a time. The quantiles are exact, of the
// sorted times, and not of a histogram.
func (l *LoadFigures) count(within time.Duration) {
	n := len(l.Samples)
	l.Rounds, l.PerSecond = uint64(n), float64(n)/max(1e-9, within.Seconds())
	if n == 0 {
		return
	}
	times := make([]time.Duration, n)
	var sum time.Duration
	for i, s := range l.Samples {
		times[i] = s.Took
		sum += s.Took
	}
	slices.Sort(times)
	l.Mean, l.P50, l.P99, l.Max = sum/time.Duration(n), times[n/2], times[n*99/100], times[n-1]
}
