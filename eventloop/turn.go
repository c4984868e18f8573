package eventloop

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// phase is a part of a turn, in Node's order. A Run begins with the timers. A turn ends with them,
// too: that is where the loop parks, or finds that nothing keeps it alive.
//
// The order is that of libuv's uv_run (src/unix/core.c): timers, pending, idle, prepare, poll,
// check, closing. libuv waits inside its poll phase; here the wait comes just before the posts,
// after the timers.
type phase uint8

const (
	timersPhase phase = iota
	postedPhase
	immediatesPhase
	closingPhase
	phases
)

// turn says where in a turn the loop stands. It lives in the loop, not on a stack, so that a
// callback that panics or exits loses nothing but itself. Only the loop's goroutine touches it;
// dropTurnLocked does so when nobody runs the loop.
type turn struct {
	phase  phase
	fresh  bool          // the phase has not taken its snapshot
	micro  bool          // a batch of microtasks has begun
	begins bool          // Run has not looked yet whether anything keeps the loop alive
	exits  bool          // BeforeExit was called, and nothing has run since
	at     time.Duration // the time of the timers' snapshot; -1: none is due
	before uint64        // the loop's seq at the snapshot: timers set later wait for the next turn
	clock  time.Duration // the last reading in the timers phase
	unread int           // timers that have fired since
	fired  fired
	woke   time.Duration // when the loop was woken for this turn; 0: it was not parked
	lag    lagProbe

	// The snapshots of the phases, and how far they have been called. A Run that is stopped in the
	// middle leaves the rest here, and the next Run goes on with it.
	posted     queue
	immediates []*Immediate
	nextImm    int
	closing    queue
	last       called
}

// clockEvery is how many timers fire between two readings of the clock for Health. It is also read
// after a slow callback.
const clockEvery = 8

// fired is an interval whose callback has begun. when is the deadline, from which FixedRate counts;
// began is what a fixed delay counts from.
type fired struct {
	timer       *Timer
	when, began time.Duration
}

// called is the last callback of a phase, for the watchdog. Both are nil while the loop is parked.
type called struct {
	fn   func()
	task *task.Node
}

// Bits of attention, which a running loop looks at between two callbacks.
const (
	stopAsked uint32 = 1 << iota // Run is to return
	lookAsked                    // the watchdog's question is open: no callback has ended since
)

// turns is the coroutine that drives the loop. It returns when the Run is over, and is started
// again, by run, when a callback has ended it.
func (l *Loop) turns() {
	l.driver.Store(numberOf(l.driving))
	if l.turn.begins && !l.livesOn() {
		return
	}
	l.turn.begins = false
	for {
		switch l.step() {
		// The first two tests save the lock of idle in a busy loop: with posts, or an immediate
		// that keeps it alive, it will not park anyway.
		case rested:
			if !l.inbox.full.Load() && !l.nextImmediate() && !l.idle() {
				l.forgetImmediates()
				return
			}
		case left:
			if !l.leave() {
				return
			}
		}
	}
}

// forgetImmediates drops the unreferenced ones that are left when nothing keeps the loop alive. As
// in Node, they end with the Run in which they were made.
func (l *Loop) forgetImmediates() {
	clear(l.immediates)
	l.immediates = l.immediates[:0]
}

// nextImmediate reports whether the first immediate keeps the loop alive. It spares a chain of
// immediates the lock in idle, which decides about the others. It may report false too often (the
// first one was stopped, say), never true wrongly. It reads what only the loop writes.
func (l *Loop) nextImmediate() bool {
	return len(l.immediates) > 0 && l.immediates[0].fn != nil && !l.immediates[0].unref
}

// callsImmediates reports whether the phase has something to call: unreferenced immediates wait
// until something else keeps the loop alive. The lock is taken only for a list whose first
// immediate does not keep the loop.
func (l *Loop) callsImmediates() bool {
	if len(l.immediates) == 0 || l.nextImmediate() {
		return true
	}
	l.in.Lock()
	defer l.in.Commit()
	return l.aliveLocked()
}

// progress says how a step ended. step returns after each callback, so that its driver can look for
// a stop, and Step can show one at a time.
type progress uint8

const (
	ran    progress = iota // a callback has run; its ticks and microtasks belong to the next step
	rested                 // the turn is over
	left                   // Run is to return
)

// step runs the ticks and microtasks that follow the last callback, and then the next callback of
// the turn.
//
// The order is Node's. An interval is set again before the ticks of its callback run, since Node
// does so in listOnTimeout (lib/internal/timers.js): a tick can clear the interval, and sees it as
// active. Stop is seen after the ticks and microtasks, so that no Run returns in the middle of a
// callback's work.
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
		// The turn ends with the timers although the phases begin with them: the loop parks behind
		// the timers, where it knows when the next one is due.
		over := t.phase == timersPhase
		if t.phase++; t.phase == phases {
			t.phase = timersPhase
		}
		if over {
			l.health.turns++
			t.woke = 0
			return rested
		}
	}
}

// settle sets an interval again whose callback has returned, panicked or exited. It is called at
// the next step, which comes in whatever way the callback has ended.
func (l *Loop) settle() {
	if f := l.turn.fired; f.timer != nil {
		l.turn.fired = fired{}
		l.rearm(f)
	}
}

// checkpoint runs all ticks, then all microtasks, until there are neither.
//
// It follows processTicksAndRejections (lib/internal/process/task_queues.js): ticks until there are
// none, then V8's microtasks until there are none, and so on until both are empty. A microtask that
// queues a tick therefore runs that tick after all its fellow microtasks. Where a microtask panics,
// the next coroutine comes here with micro still set, and runs the rest of the batch before any
// tick.
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

// snapshot fixes the phase's callbacks; those queued during the phase wait for the next turn. It
// takes no lock for an empty queue, and reads the clock only if there are timers. In Node likewise:
// processTimers compares with one now, and processImmediate takes the whole list
// (lib/internal/timers.js).
func (l *Loop) snapshot() {
	t := &l.turn
	switch t.phase {
	case timersPhase:
		t.at = -1
		// Without timers a turn does not read the clock, and before the first is due it takes no
		// lock.
		if next := time.Duration(l.nextDue.Load()); next != never {
			if now := l.now(); next <= now {
				l.in.Lock()
				t.at, t.before, t.clock = now, l.seq, now
				l.in.Commit()
			}
		}
	case postedPhase:
		// The last accepted posts may have run in this turn's predecessor. The hold has to go here
		// too and not only in idle: a loop kept busy by immediates never gets there.
		if l.ending.Load() {
			l.in.Lock()
			l.releasePostsLocked()
			l.in.Commit()
		}
		// Before the posts are taken, so that data found now is delivered in this turn.
		if l.poller.due() {
			l.poller.poll()
		}
		if t.posted.size == 0 && l.inbox.full.Load() { // else a Run was stopped before it had called all
			l.inbox.take(&t.posted)
		}
		// From here on the posts that the probe measures are in this batch.
		t.lag.taken = t.lag.since != 0
	case immediatesPhase:
		if t.lag.taken {
			t.noteLag(l, l.now())
		}
		if t.nextImm == len(t.immediates) && l.callsImmediates() {
			// The two slices change places, so that a chain of immediates allocates nothing.
			t.immediates, l.immediates, t.nextImm = l.immediates, t.immediates[:0], 0
		}
	case closingPhase:
		if t.closing.size == 0 && l.hasClosing.Load() {
			l.in.Lock()
			l.closing.swap(&t.closing)
			l.hasClosing.Store(false)
			l.in.Commit()
		}
	}
}

// callNext runs the phase's next callback. It reports false if none is left.
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
		// One that was stopped has no fn. Node looks at _destroyed for that, since ticks of an
		// earlier immediate may clear a later one.
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

// fireNext takes one timer out and calls it. The lock is taken for each anew, since the callback
// before may have stopped or reset any timer, and must not run under the lock. Health's lag takes
// the clock of one reading for up to clockEvery timers.
func (l *Loop) fireNext() bool {
	t := &l.turn
	l.in.Lock()
	timer, when := l.dueTimerLocked(t.at, t.before)
	var number uint64
	if timer != nil {
		number = timer.number
	}
	l.in.Commit()
	if timer == nil {
		return false
	}
	if t.unread++; timer.interval != nil || t.unread == clockEvery {
		t.clock, t.unread = l.now(), 0
	}
	l.health.lag.Observe(t.clock - when)
	// Noted before the call, so that settle finds it whatever becomes of the callback.
	if timer.interval != nil {
		t.fired = fired{timer: timer, when: when, began: t.clock}
	}
	l.call(timersPhase, entry{fn: l.watched(QueueTimers, number, timer.fn)})
	return true
}

// call runs a callback of a phase. For the watchdog its ticks and microtasks belong to it. last is
// reset first; resume names the task there, if the entry continues one.
func (l *Loop) call(p phase, e entry) {
	l.health.called[p]++
	l.turn.last = called{fn: e.fn}
	l.perform(e)
}

// perform is the only place where the loop enters code of others, besides ticks, BeforeExit and the
// hooks. No lock is held. A panic in it ends the driver's coroutine, and run begins the next one.
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

// fail handles a panic, or ErrGoexit, that no future carries. OnPanic has a look first, and
// StopOnPanic decides then: Run returns the error, so that it is not lost though there is no
// OnPanic. A Goexit without OnPanic is no error of the program.
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
