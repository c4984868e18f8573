package gil

import (
	"runtime"
	"slices"
	"time"
)

// Calibrate measures the machine it runs on, which takes about three seconds and should be idle meanwhile: TimerSlack,
// HotWake, ColdWake, Signal, Call and Spawn, each the median of many. What remains is LinuxVM's: HotWindow, Check, Tick,
// TakeRelease and Quantum are the kernel's and the interpreter's, WakeTail, WakeTailMax and Misplaced are fitted. On
// Linux it measures threads with futexes, on which Python's locks are built; elsewhere Go's timers and channels. It may be
// called from any goroutine.
func Calibrate() Machine {
	m := LinuxVM
	for i, d := range slackKnots {
		m.TimerSlack[i] = median(int(min(100, 400*time.Millisecond/d)), func() time.Duration { return overshoot(d) })
	}
	p := newPair()
	// What the measuring thread does for a while keeps a core awake, or lets it go to sleep.
	m.ColdWake, m.Signal = p.measure(150, func() { nap(2 * time.Millisecond) })
	m.HotWake, _ = p.measure(500, func() { spin(50 * time.Microsecond) })
	p.end()
	m.HotWake = min(m.HotWake, m.ColdWake)
	m.Call = median(100, func() time.Duration {
		begin := time.Now()
		for range 100 {
			kernel()
		}
		return time.Since(begin) / 100
	})
	m.Spawn = median(50, spawnThread)
	return m
}

func median(n int, measure func() time.Duration) time.Duration {
	ds := make([]time.Duration, max(n, 1))
	for i := range ds {
		ds[i] = measure()
	}
	slices.Sort(ds)
	return max(ds[len(ds)/2], 0)
}

// overshoot is by how much a sleep of d is late.
func overshoot(d time.Duration) time.Duration {
	begin := time.Now()
	nap(d)
	return time.Since(begin) - d
}

func spin(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
		compute(100)
	}
}

// spawnThread is the time until a new thread runs: one that ends locked to its goroutine is not used again.
func spawnThread() time.Duration {
	ran, gone := make(chan time.Time), make(chan struct{})
	begin := time.Now()
	go startLocked(ran, gone)
	d := (<-ran).Sub(begin)
	<-gone
	return d
}

func startLocked(ran chan<- time.Time, gone chan<- struct{}) {
	runtime.LockOSThread()
	defer close(gone)
	ran <- time.Now()
}

// pair is a thread that waits to be woken, and one that wakes it.
type pair struct {
	bell  bell
	woke  chan time.Time
	ended chan struct{}
	last  bool
}

func newPair() *pair {
	p := &pair{bell: newBell(), woke: make(chan time.Time, 1), ended: make(chan struct{})}
	go p.sleep()
	return p
}

func (p *pair) sleep() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	for {
		p.bell.wait()
		at := time.Now()
		if p.last {
			return
		}
		p.woke <- at
	}
}

// measure returns the medians of how long n wake-ups took after the call that woke, and of that call. The waker does
// something before each.
func (p *pair) measure(n int, before func()) (wake, signal time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var signals []time.Duration
	wake = median(n, func() time.Duration {
		before()
		begin := time.Now()
		p.bell.ring()
		rung := time.Now()
		signals = append(signals, rung.Sub(begin))
		return (<-p.woke).Sub(begin)
	})
	slices.Sort(signals)
	signal = signals[len(signals)/2]
	return max(wake-signal, 0), signal
}

func (p *pair) end() {
	p.last = true
	p.bell.ring()
	<-p.ended
}
