package gil

import (
	"runtime"
	"time"
)

// burnTurns is computing for some tens of microseconds.
const burnTurns = 1 << 14

// burn computes for d, not counting the time in check, which it calls every few tens of
// microseconds. Where the clock stands still while something computes, which is so in a synctest
// bubble, it sleeps instead. Time in which the operating system runs others is counted too.
//
// check may give the lock up and come back late; its time does not count, or a thread that waits
// for the lock would seem to have computed.
func burn(d time.Duration, check func()) {
	spent := time.Duration(0)
	for chunks := 0; spent < d; chunks++ {
		// 200 pieces take milliseconds. A clock that shows nothing of them stands still.
		if chunks == 200 && spent == 0 {
			doze(d, check)
			return
		}
		begin := time.Now()
		compute(burnTurns)
		spent += time.Since(begin)
		check()
	}
}

// doze is burn where time is virtual: it sleeps in steps of a millisecond, with a checkpoint after
// each.
func doze(d time.Duration, check func()) {
	for left := d; left > 0; left -= time.Millisecond {
		time.Sleep(min(left, time.Millisecond))
		check()
	}
}

// compute is a xorshift generator: nothing to fetch, nothing to foresee. KeepAlive keeps the
// compiler from leaving the loop out.
func compute(turns int) {
	x := uint64(88172645463325252)
	for range turns {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	runtime.KeepAlive(x)
}
