package load

import (
	"runtime"
	"time"
)

// Spinner computes for an amount of CPU time, counted in turns of a generator, so that work stays
// the same when a core is shared.
type Spinner struct{ PerMillisecond int }

// Calibrate counts how many turns a millisecond of CPU time holds, over enough of it that the
// system's clock for CPU time, which may tick in steps of 10 ms, is exact. It takes about half a
// second.
func Calibrate() Spinner {
	const enough = 250 * time.Millisecond
	for turns := 1 << 20; ; turns *= 2 {
		before := cpuTime()
		compute(turns)
		if took := cpuTime() - before; took >= enough {
			return Spinner{max(1, int(int64(turns)*int64(time.Millisecond)/int64(took)))}
		}
	}
}

// Turns is how many are d of CPU time.
func (s Spinner) Turns(d time.Duration) int {
	return int(int64(s.PerMillisecond) * int64(d) / int64(time.Millisecond))
}

// Spend computes for d of CPU time.
func (s Spinner) Spend(d time.Duration) { compute(s.Turns(d)) }

// turn is a xorshift generator: nothing to fetch, nothing to foresee.
func turn(n int) uint64 {
	x := uint64(88172645463325252)
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func compute(turns int) { runtime.KeepAlive(turn(turns)) } // else the compiler drops the work
