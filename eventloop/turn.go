package eventloop

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// phase is a part of a turn, in Node's order.
type phase uint8

const (
	timersPhase phase = iota
	postedPhase
	immediatesPhase
	closingPhase
	phases
)

// turn is where the loop stands. It lives in the loop, not on a stack, so that a callback that panics or exits loses
// nothing but itself.
type turn struct {
	phase  phase
	fresh  bool // the phase has not taken its snapshot
	micro  bool // a batch of microtasks has begun
	exits  bool // BeforeExit was called, and nothing has run since
	at     time.Duration
	before uint64
	clock  time.Duration // the last reading in the timers phase
	unread int           // timers that have fired since
	fired  fired

	posted     queue
	immediates []*Immediate
	nextImm    int
	closing    queue
	last       called
}

// clockEvery is after how many timers the clock is read, for Health. A callback that is slow has it read too.
const clockEvery = 8

// fired is an interval whose callback has begun.
type fired struct {
	timer       *Timer
	when, began time.Duration
}

// called is what a phase called last, for the watchdog.
type called struct {
	fn   func()
	task *task.Node
}

// What a loop that is not parked looks at between two callbacks.
const (
	stopAsked uint32 = 1 << iota // Run is to return
	lookAsked                    // the watchdog has looked, and nothing has ended since
)

// turns is the coroutine that drives the loop.
func (l *Loop) turns() {
	l.own()
	for {
		switch l.step() {
		case rested:
			if more := l.inbox.full.Load() || l.nextImmediate(); !more && !l.idle() {
				return
			}
		case left:
			if !l.leave() {
				return
			}
		}
	}
}

// nextImmediate reports whether the first immediate keeps the loop alive. It spares a chain of them the lock in idle, which
// decides about the others.
func (l *Loop) nextImmediate() bool {
	return len(l.immediates) > 0 && l.immediates[0].fn != nil && !l.immediates[0].unref
}

// progress is what a step came to.
type progress uint8

const (
	ran    progress = iota // a callback; what follows it is the next step's
	rested                 // the turn is over
	left                   // Run is to return
)

// step runs the ticks and microtasks that follow the last callback, and then the next callback of the turn.
func (l *Loop) step() progress {
	l.settle()
	l.checkpoint()
	if l.attention.Load() != 0 && l.attend() {
		return left
	}
	for t := &l.turn; ; {
		if t.fresh {
			t.fresh = false
			l.snapshot()
		}
		if l.callNext() {
			t.exits = false
			return ran
		}
		t.fresh = true
		if t.phase++; t.phase == phases {
			t.phase = timersPhase
			l.health.turns++
			return rested
		}
	}
}

// settle finishes what an interval's callback could not finish itself where it panicked or exited.
func (l *Loop) settle() {
	if f := l.turn.fired; f.timer != nil {
		l.turn.fired = fired{}
		l.rearm(f)
	}
}

// checkpoint runs all ticks, then all microtasks, until there are neither.
func (l *Loop) checkpoint() {
	if l.ticks.empty() && l.microtasks.empty() {
		return
	}
	before := l.health.ticks + l.health.microtasks
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
	l.health.longestChain = max(l.health.longestChain, l.health.ticks+l.health.microtasks-before)
}

// snapshot fixes what the phase runs: what is queued during a phase waits for the next turn. It takes no lock for what
// is empty, and reads the clock only when there are timers.
func (l *Loop) snapshot() {
	t := &l.turn
	switch t.phase {
	case timersPhase:
		t.at = -1
		if next := time.Duration(l.nextDue.Load()); next != never {
			if now := l.now(); next <= now {
				l.in.Lock()
				t.at, t.before, t.clock = now, l.seq, now
				l.in.Unlock()
			}
		}
	case postedPhase:
		if l.ending.Load() {
			l.in.Lock()
			l.releasePosts()
			l.in.Unlock()
		}
		if t.posted.size == 0 && l.inbox.full.Load() { // else a Run was stopped before it had called all
			l.inbox.take(&t.posted)
		}
	case immediatesPhase:
		if t.nextImm == len(t.immediates) {
			t.immediates, l.immediates, t.nextImm = l.immediates, t.immediates[:0], 0
		}
	case closingPhase:
		if t.closing.size == 0 && l.hasClosing.Load() {
			l.in.Lock()
			l.closing.swap(&t.closing)
			l.hasClosing.Store(false)
			l.in.Unlock()
		}
	}
}

// callNext runs the phase's next callback; false: there is none left.
func (l *Loop) callNext() bool {
	t := &l.turn
	switch t.phase {
	case timersPhase:
		return t.at >= 0 && l.fireNext()
	case postedPhase:
		e, ok := t.posted.pop()
		if !ok {
			return false
		}
		l.call(postedPhase, e)
		return true
	case immediatesPhase:
		for t.nextImm < len(t.immediates) {
			i := t.immediates[t.nextImm]
			t.immediates[t.nextImm] = nil
			t.nextImm++
			if fn := i.fn; fn != nil {
				i.fn = nil
				l.call(immediatesPhase, entry{fn: fn})
				return true
			}
		}
		return false
	default:
		e, ok := t.closing.pop()
		if ok {
			l.call(closingPhase, e)
		}
		return ok
	}
}

func (l *Loop) fireNext() bool {
	t := &l.turn
	l.in.Lock()
	timer, when := l.dueTimer(t.at, t.before)
	l.in.Unlock()
	if timer == nil {
		return false
	}
	if t.unread++; timer.interval != nil || t.unread == clockEvery {
		t.clock, t.unread = l.now(), 0
	}
	l.health.lag.Observe(t.clock - when)
	if timer.interval != nil {
		t.fired = fired{timer: timer, when: when, began: t.clock}
	}
	l.call(timersPhase, entry{fn: timer.fn})
	return true
}

// call is a callback of a phase; with the ticks and microtasks that follow it, it is one for the watchdog.
func (l *Loop) call(p phase, e entry) {
	l.health.called[p]++
	l.turn.last = called{fn: e.fn}
	l.perform(e)
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
