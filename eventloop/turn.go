package eventloop

import (
	"time"

	"github.com/quartet-go/quartet"
)

// phase is a part of a turn, in Node's order; pending callbacks, poll and closing have no counterpart yet.
type phase uint8

const (
	timersPhase phase = iota
	postedPhase
	immediatesPhase
	phases
)

// turn is where the loop stands. It lives in the loop, not on a stack, so that a callback that panics or exits loses
// nothing but itself.
type turn struct {
	phase  phase
	fresh  bool // the phase has not taken its snapshot
	ran    bool // something ran in this turn
	micro  bool // a batch of microtasks has begun
	exits  bool // BeforeExit was called, and nothing has run since
	at     time.Duration
	before uint64
	fired  *Timer // its callback has begun
	began  time.Duration

	posted     []entry
	next       int // in posted
	released   int // posted callbacks that have begun
	immediates []*Immediate
	nextImm    int
}

// turns is the coroutine that drives the loop.
func (l *Loop) turns() {
	l.own()
	for l.step() {
	}
}

// step runs one callback with all ticks and microtasks that follow it, or parks. It reports false when Run is over.
func (l *Loop) step() bool {
	l.settle()
	l.checkpoint()
	l.began.Store(0)
	if l.leaving() {
		return l.leave()
	}
	t := &l.turn
	if t.fresh {
		l.snapshot()
	}
	if l.callNext() {
		t.ran, t.exits = true, false
		return true
	}
	t.fresh = true
	if t.phase++; t.phase < phases {
		return true
	}
	t.phase = timersPhase
	l.endTurn()
	if t.ran {
		t.ran = false
		return true
	}
	return l.idle()
}

// settle finishes what the last callback could not finish itself when it panicked or exited.
func (l *Loop) settle() {
	if t := l.turn.fired; t != nil {
		l.turn.fired = nil
		l.rearm(t, l.turn.began)
	}
}

// checkpoint runs all ticks, then all microtasks, until there are neither.
func (l *Loop) checkpoint() {
	for !l.ticks.empty() || !l.microtasks.empty() {
		if !l.turn.micro {
			for fn, ok := l.ticks.pop(); ok; fn, ok = l.ticks.pop() {
				l.health.ticks++
				fn()
			}
		}
		l.turn.micro = true
		for e, ok := l.microtasks.pop(); ok; e, ok = l.microtasks.pop() {
			l.health.microtasks++
			l.perform(e)
		}
		l.turn.micro = false
	}
}

// snapshot fixes what the phase runs: what is queued during a phase waits for the next turn.
func (l *Loop) snapshot() {
	t := &l.turn
	t.fresh = false
	l.in.Lock()
	defer l.in.Unlock()
	switch t.phase {
	case timersPhase:
		t.at, t.before = l.now(), l.seq
	case postedPhase:
		if t.next == len(t.posted) {
			t.posted, l.posted, t.next = l.posted, t.posted[:0], 0
		}
	case immediatesPhase:
		if t.nextImm == len(t.immediates) {
			t.immediates, l.immediates, t.nextImm = l.immediates, t.immediates[:0], 0
		}
	}
}

// callNext runs the phase's next callback; false: there is none left.
func (l *Loop) callNext() bool {
	t := &l.turn
	switch t.phase {
	case timersPhase:
		return l.fireNext()
	case postedPhase:
		if t.next == len(t.posted) {
			return false
		}
		e := t.posted[t.next]
		t.posted[t.next] = entry{}
		t.next++
		if e.fn != nil {
			t.released++
		}
		l.note(postedPhase)
		l.perform(e)
		return true
	default:
		for t.nextImm < len(t.immediates) {
			i := t.immediates[t.nextImm]
			t.immediates[t.nextImm] = nil
			t.nextImm++
			if fn := i.fn; fn != nil {
				i.fn = nil
				l.note(immediatesPhase)
				fn()
				return true
			}
		}
		return false
	}
}

func (l *Loop) fireNext() bool {
	t := &l.turn
	l.in.Lock()
	timer := l.dueTimer(t.at, t.before)
	l.in.Unlock()
	if timer == nil {
		return false
	}
	l.note(timersPhase)
	t.fired, t.began = timer, time.Duration(l.began.Load())
	l.health.lag.Observe(t.began - timer.when)
	timer.fn()
	return true
}

func (l *Loop) perform(e entry) {
	switch {
	case e.fn != nil:
		e.fn()
	case e.wait != nil:
		l.resume(e.wait.node)
	default:
		l.startOldest()
	}
}

// note says that a callback of the phase begins; with the ticks and microtasks that follow it, it is one for the
// watchdog.
func (l *Loop) note(p phase) {
	l.health.called[p]++
	l.began.Store(max(int64(l.now()), 1))
}

// endTurn gives back what the turn's posted callbacks held.
func (l *Loop) endTurn() {
	l.health.turns++
	if n := l.turn.released; n > 0 {
		l.turn.released = 0
		l.in.Lock()
		l.in.Release(n)
		l.in.Unlock()
	}
}

// idle parks the loop until there is something to run. It reports false when nothing can come.
func (l *Loop) idle() bool {
	l.in.Lock()
	if len(l.posted) > 0 || len(l.immediates) > 0 && l.alive() || l.stop != nil { // stop: step sees to it
		l.in.Unlock()
		return true
	}
	if !l.alive() {
		l.in.Unlock()
		if l.cfg.BeforeExit == nil || l.turn.exits {
			return false
		}
		l.turn.exits = true
		l.cfg.BeforeExit()
		return true
	}
	l.parkUntil(l.firstTimer(false))
	return true
}

// parkUntil is called locked, and unlocks: it parks until the timer, if any, is due, or until the loop is roused.
func (l *Loop) parkUntil(t *Timer) {
	var alarm <-chan time.Time
	if t != nil {
		left := t.when - l.now()
		if left <= 0 {
			l.in.Unlock()
			return
		}
		alarm = l.setAlarm(left)
	}
	l.asleep = true
	l.in.Unlock()
	l.park(alarm)
}

// alive is locked: something keeps Run from returning.
func (l *Loop) alive() bool {
	if l.in.Drained() {
		return false
	}
	if l.held > 0 || l.in.Unfinished() > 0 || len(l.posted) > 0 || len(l.owed) > 0 {
		return true
	}
	for _, i := range l.immediates {
		if i.fn != nil && !i.unref {
			return true
		}
	}
	return false
}

// setAlarm sets the loop's only runtime timer.
func (l *Loop) setAlarm(d time.Duration) <-chan time.Time {
	if l.alarm == nil {
		l.alarm = time.NewTimer(d)
	} else {
		l.alarm.Reset(d)
	}
	return l.alarm.C
}

// park waits for rouse or the alarm.
func (l *Loop) park(alarm <-chan time.Time) {
	l.watch(false)
	since := l.now()
	select {
	case <-l.wake:
		if alarm != nil {
			l.alarm.Stop()
		}
	case <-alarm:
		l.in.Lock()
		if !l.asleep { // roused at the same moment
			<-l.wake
		}
		l.asleep = false
		l.in.Unlock()
	}
	l.health.idle += l.now() - since
	l.watch(true)
}

// fail deals with a panic, or ErrGoexit, that no future carries.
func (l *Loop) fail(err error) {
	_, panicked := err.(*quartet.PanicError)
	if l.cfg.OnPanic != nil {
		l.cfg.OnPanic(err)
	}
	switch {
	case l.cfg.StopOnPanic && panicked:
		l.stopWith(err)
	case l.cfg.OnPanic == nil && panicked:
		panic(err)
	}
}
