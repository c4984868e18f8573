package late

import (
	"math"
	"slices"
	"time"
)

// Wait returns how long it takes until so many tasks have started, on slots of which each comes
// free after the time in left, 0 for one that is free. It orders left.
//
// Two estimates bound it. Where all tasks run equally long, they start in rounds. Where run times
// differ widely, starts are spread evenly over the time, as many a second as the slots end tasks.
// Between them the coefficient of variation decides.
func (r *Runs) Wait(left []time.Duration, starts int) Wait {
	r.derive()
	if starts <= 0 || len(left) == 0 {
		return Wait{}
	}
	slices.Sort(left)
	if starts <= len(left) && left[starts-1] == 0 {
		return Wait{}
	}
	mean, deviation := r.mean, r.deviation
	if len(r.sorted) == 0 {
		mean = left[len(left)-1] // the one that has run longest has done so for as long
	}
	if mean == 0 {
		return Wait{}
	}
	spread, rate := evenly(left, starts, float64(mean))
	variation := min(1, float64(deviation)/float64(mean))
	w := spread
	if variation < 1 {
		w += (float64(inRounds(left, starts, mean)) - spread) * (1 - variation)
	}
	return Wait{bounded(w), bounded(float64(deviation) * math.Sqrt(float64(starts)) / (rate * float64(mean)))}
}

// bounded is a float as a duration. A quarter of the range, so that a few of them can be added
// without an overflow.
func bounded(d float64) time.Duration { return time.Duration(min(d, float64(math.MaxInt64/4))) }

// evenly returns after what time so many tasks have started, where each slot starts 1/left tasks a
// nanosecond until left, and 1/mean after that; and the rate of starts by then. left is sorted. It
// goes from one left to the next, and stops in the stretch in which the number is reached. The sum
// over slots of what each has started is a function of the time that is made of straight stretches,
// so its inverse is found stretch by stretch.
func evenly(left []time.Duration, starts int, mean float64) (at, rate float64) {
	for _, d := range left {
		if d > 0 {
			rate += 1 / float64(d)
		}
	}
	// Starts are counted as a line of the time: its slope is rate, and begun is its value at time
	// 0.
	begun := 0.0 // starts that the slots with left <= at have made, at time 0 if they had always been so fast
	for i := 0; ; i++ {
		if i == len(left) {
			return (float64(starts) - begun) / rate, rate
		}
		next := float64(left[i])
		if rate > 0 {
			if at = (float64(starts) - begun) / rate; at <= next {
				return max(at, 0), rate
			}
		}
		if next > 0 {
			rate -= 1 / next
		}
		rate = max(rate, 0) + 1/mean
		begun += 1 - next/mean
	}
}

// inRounds returns when the last of so many tasks starts, where each takes mean. left is sorted.
// Two steps: at is a time at which nearly all have started, found without a loop over the rounds;
// then the missing ones are the next ends in order.
func inRounds(left []time.Duration, starts int, mean time.Duration) time.Duration {
	// Before at, the time by which they would have started if tasks could be split, too few have.
	at, sum := time.Duration(0), time.Duration(0)
	for i, d := range left {
		sum += d
		at = max(0, time.Duration(starts-i-1)*mean+sum) / time.Duration(i+1)
		if i+1 == len(left) || at <= left[i+1] {
			break
		}
	}
	missing := starts
	next := make([]time.Duration, len(left))
	for i, d := range left {
		if next[i] = d; d <= at {
			begun := (at-d)/mean + 1
			missing -= int(begun)
			next[i] = d + begun*mean
		}
	}
	if missing <= 0 {
		return at
	}
	slices.Sort(next)
	return next[min(missing, len(next))-1]
}
