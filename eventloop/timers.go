package eventloop

import (
	"container/heap"
	"time"
)

// Timer is a callback at a time. Its methods may be called from any goroutine.
type Timer struct {
	loop   *Loop
	fn     func()
	when   time.Duration // since the loop's base
	seq    uint64
	index  int // in the heap, from 1; 0: not there
	every  time.Duration
	rate   bool
	missed uint64
	unref  bool
	task   bool // a task's Sleep: it counts as that task
	firing bool // its callback runs
	stop   bool // asked for while the callback runs
}

// EveryOption is an option of [Loop.Every].
type EveryOption func(*Timer)

// FixedRate keeps an interval on its grid: a tick that could not run in time is counted by Timer.Missed and left out.
// The default is a fixed delay: the next interval begins when the callback has begun (as in Node).
func FixedRate() EveryOption { return func(t *Timer) { t.rate = true } }

// AfterFunc has fn run on the loop after d, never earlier (Node's setTimeout). Timers with one deadline fire in the order
// in which they were made. A d that is not positive means the next timers phase. The timer keeps Run from returning
// until it has fired or is stopped or unreferenced. After Close it never fires.
func (l *Loop) AfterFunc(d time.Duration, fn func()) *Timer {
	if fn == nil {
		panic("eventloop: AfterFunc of a nil func")
	}
	t := &Timer{loop: l, fn: fn}
	t.Reset(d)
	return t
}

// Every has fn run on the loop every d (Node's setInterval). Runs never overlap. It panics when d is not positive.
func (l *Loop) Every(d time.Duration, fn func(), opts ...EveryOption) *Timer {
	if fn == nil {
		panic("eventloop: Every of a nil func")
	}
	if d <= 0 {
		panic("eventloop: Every needs a positive interval")
	}
	t := &Timer{loop: l, fn: fn, every: d}
	for _, opt := range opts {
		opt(t)
	}
	t.Reset(d)
	return t
}

// now is the time since the loop's base.
func (l *Loop) now() time.Duration { return time.Since(l.base) }

// Stop keeps the timer from firing. It reports whether it did: after true nothing runs, also where the timer was due. In
// the callback of an interval it prevents the next one.
func (t *Timer) Stop() bool {
	t.loop.in.Lock()
	defer t.loop.in.Unlock()
	again := t.firing && t.every > 0 && !t.stop
	t.stop = true
	return t.loop.removeTimer(t) || again
}

// Reset sets the timer anew, to fire after d; it reports whether the timer was still to fire.
func (t *Timer) Reset(d time.Duration) bool {
	l := t.loop
	l.in.Lock()
	defer l.in.Unlock()
	active := l.removeTimer(t)
	t.stop = false
	when := l.now() + max(d, 0)
	if when < 0 {
		when = 1<<63 - 1
	}
	l.addTimer(t, when)
	return active
}

// Unref lets Run return although the timer has not fired.
func (t *Timer) Unref() { t.setUnref(true) }

// Ref undoes Unref.
func (t *Timer) Ref() { t.setUnref(false) }

func (t *Timer) setUnref(unref bool) {
	l := t.loop
	l.in.Lock()
	defer l.in.Unlock()
	if t.index > 0 && t.unref != unref {
		l.refTimer(t, -1)
		t.unref = unref
		l.refTimer(t, 1)
		l.rouse()
	}
	t.unref = unref
}

// Missed is how many ticks of a FixedRate interval were left out.
func (t *Timer) Missed() uint64 {
	t.loop.in.Lock()
	defer t.loop.in.Unlock()
	return t.missed
}

// refTimer is locked.
func (l *Loop) refTimer(t *Timer, n int) {
	if !t.unref && !t.task {
		l.held += n
	}
}

// heapOf keeps tasks' sleeps apart: they fire also while Run waits for its tasks to end.
func (l *Loop) heapOf(t *Timer) *timerHeap {
	if t.task {
		return &l.sleeps
	}
	return &l.timers
}

// firstTimer is locked: the timer that is to fire first, or nil.
func (l *Loop) firstTimer(sleepsOnly bool) *Timer {
	switch a, b := l.timers.first(), l.sleeps.first(); {
	case a == nil || sleepsOnly:
		return b
	case b == nil || a.before(b):
		return a
	default:
		return b
	}
}

// addTimer is locked.
func (l *Loop) addTimer(t *Timer, when time.Duration) {
	l.seq++
	t.when, t.seq = when, l.seq
	heap.Push(l.heapOf(t), t)
	l.refTimer(t, 1)
	l.rouse()
}

// removeTimer is locked.
func (l *Loop) removeTimer(t *Timer) bool {
	if t.index == 0 {
		return false
	}
	heap.Remove(l.heapOf(t), t.index-1)
	l.refTimer(t, -1)
	return true
}

// dueTimer is locked: it takes the first timer that was due at the phase's start, and was set before it.
func (l *Loop) dueTimer(at time.Duration, before uint64) *Timer {
	if t := l.firstTimer(false); t != nil && t.when <= at && t.seq <= before {
		l.removeTimer(t)
		t.firing = true
		return t
	}
	return nil
}

// rearm sets an interval again: called when its callback has returned, for a time counted from its begin.
func (l *Loop) rearm(t *Timer, began time.Duration) {
	l.in.Lock()
	defer l.in.Unlock()
	t.firing = false
	if t.every == 0 || t.stop || t.index > 0 {
		return
	}
	next := began + t.every
	if t.rate {
		next = t.when + t.every
		if late := l.now() - next; late > 0 {
			skipped := uint64(late / t.every)
			t.missed += skipped
			next += time.Duration(skipped) * t.every
		}
	}
	l.addTimer(t, next)
}

// timerHeap orders by deadline, then by creation.
type timerHeap []*Timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].before(h[j]) }

func (t *Timer) before(u *Timer) bool { return t.when < u.when || t.when == u.when && t.seq < u.seq }

func (h timerHeap) first() *Timer {
	if len(h) == 0 {
		return nil
	}
	return h[0]
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	*h = append(*h, t)
	t.index = len(*h)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = 0
	return t
}
