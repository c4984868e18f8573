package gil

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
)

// sim is the simulated machine: an agenda, cores, locks and threads, stepped by whoever owns it. It
// starts nothing and knows neither tasks nor goroutines. It takes one occasion after the other from
// the agenda, and each may put others there. No time passes within one. So a run depends on the
// code, the constants and the seed alone.
//
// The parts lie in files of their own: cores in simcores.go and simfair.go, the lock in simlock.go,
// wake-ups in simwake.go, pipes in simpipe.go. sim.go joins them. The order within a step matters
// everywhere: a random number that is drawn earlier or later changes the run, and the goldens with
// it.
type sim struct {
	// From here on all of it belongs to whoever steps the machine: one goroutine at a time, without
	// a lock.
	now       time.Duration
	agenda    agenda
	machine   Machine
	policy    Policy
	traits    Traits
	seed      uint64
	period    time.Duration // of Ticks, in time
	switching time.Duration // what a core loses when a thread wakes there
	phase     time.Duration // from -Quantum to 0: the kernel's ticks come at phase plus multiples of Quantum
	locks     []simLock
	cores     []core
	// So vacate need not look through the cores where nobody waits.
	queued  int // threads in the queues of cores
	queues  []queue
	threads int                   // alive
	living  map[*vthread]struct{} // a map, so that an end costs the same however many live; alive sorts
	done    []*vthread            // in the order of their ends
	born    int
	steps   uint64
	convoys []Convoy

	// moved, which may be nil, is told that t has got or lost its lock; ended that t has ended, and
	// still has the lock; watch, which may be nil, each step of t. They must not change the
	// machine.
	moved func(t *vthread, running bool)
	ended func(t *vthread)                                                       // see moved
	watch func(t *vthread, kind quartet.EventKind, detail string, peer *vthread) // see moved
}

// newSim makes a machine without threads, whose time stands at 0. cfg has its defaults already.
func newSim(cfg *Config) *sim {
	s := &sim{
		machine: cfg.Machine, policy: cfg.Policy, traits: cfg.Policy.Traits(), seed: cfg.Seed,
		ended: func(*vthread) {}, living: make(map[*vthread]struct{}),
	}
	s.locks = make([]simLock, max(1, s.traits.Locks))
	for i := range s.locks {
		s.locks[i].ownRequests = s.traits.OwnRequests
	}
	s.cores = make([]core, cfg.Cores)
	phases := newStream(s.seed, 0, forTicks)
	// Programs do not start in step with the kernel's ticks, so each seed begins somewhere between
	// two.
	s.phase = time.Duration(phases.below(uint64(s.machine.Quantum))) - s.machine.Quantum
	s.switching = cfg.Machine.Switch
	if s.traits.Ticks > 0 {
		s.switching /= 4 // a semaphore is one call, a condition variable with its mutex is some
	}
	s.period = time.Duration(s.traits.Ticks) * cfg.Machine.Tick
	return s
}

// spawn makes a thread, which competes for its lock after delay. interpreter: of which one it is,
// modulo their number; outside of all when it is negative.
func (s *sim) spawn(c code, interpreter int, delay time.Duration) *vthread {
	t := &vthread{code: c, number: s.born, begun: s.now, since: s.now, state: stateBlocked, core: -1}
	// A foreign thread, and one of a free-threaded interpreter, needs no lock.
	if interpreter >= 0 && !s.traits.Unlocked {
		t.lock = &s.locks[interpreter%len(s.locks)]
	}
	t.inside = interpreter >= 0
	// A stream for each purpose: one more wake-up of this thread must not change its timers.
	t.timers, t.wakes, t.places = newStream(s.seed, t.number, forTimers), newStream(s.seed, t.number, forWakes),
		newStream(s.seed, t.number, forPlaces)
	s.born++
	s.threads++
	s.living[t] = struct{}{}
	s.agenda.put(t, s.now+delay, onRun)
	return t
}

// alive returns the threads that have not ended, in order.
func (s *sim) alive() []*vthread {
	return slices.SortedFunc(maps.Keys(s.living), func(a, b *vthread) int { return cmp.Compare(a.number, b.number) })
}

// occasion is what an entry of the agenda is about.
//
// The order of the constants matters: wakes and takes compare with it.
type occasion uint8

const (
	onRun       occasion = iota // t runs after a wait, and wants its lock
	onTimer                     // the same, by a timer
	onSlice                     // t stops computing, for a while or for good
	onPatience                  // t has waited for the lock for long
	onSignalled                 // t, woken because the lock was free, runs
	onGranted                   // t, to whom the lock was handed, runs
	onSwitched                  // t, which dropped the lock on request, sees that another has it
	onReacquire                 // t, who released the lock after its ticks, wants it back
	onBarged                    // t, which asked for the lock and has not slept since, sees it free
	onTick                      // t is at the end of its ticks
	onFollow                    // t's short call is over
)

// wakes says that the thread comes out of the kernel's hands: the core has to switch to it.
func (o occasion) wakes() bool { return o <= onTimer || o >= onPatience && o <= onSwitched }

// takes says that the thread is about to take its lock.
func (o occasion) takes() bool { return o <= onTimer || o == onPatience || o == onSignalled }

// step does the next occasion. It reports false when there is nothing.
//
// First lands decides whether t has a core at all; if not, its occasion happens when it gets one.
// Then a thread that is about to take the lock waits while the releaser still keeps the lock's
// mutex. Only then the occasion itself, and at last the core: t may have left it, or may have
// disturbed another thread there.
func (s *sim) step() bool {
	if len(s.agenda.heap) == 0 {
		return false
	}
	e := s.agenda.next()
	if e.at < s.now {
		panic(fmt.Sprintf("gil: invariant broken: time goes back from %v to %v", s.now, e.at))
	}
	s.now = e.at
	s.steps++
	t := e.t
	// A slice ends on a core that t has already.
	if t.due != onSlice && !s.lands(t) {
		return true
	}
	// take_gil begins with the mutex that drop_gil keeps while it signals (ceval_gil.c).
	if l := t.lock; l != nil && s.now < l.shut && t.due.takes() {
		s.agenda.put(t, l.shut+t.wakes.scale(s.machine.HotWake, &narrow), t.due)
		return true
	}
	t.computing = false
	wakes := t.due.wakes()
	switch t.due {
	case onRun, onTimer, onFollow:
		if t.waitsOn == nil || !t.waitsOn() {
			s.take(t)
		}
	case onSlice:
		s.sliceEnded(t)
	case onPatience:
		s.patienceEnded(t)
	case onSignalled, onBarged:
		s.arrive(t)
	case onGranted:
		s.enter(t)
	case onSwitched:
		s.switched(t)
	case onReacquire:
		s.reacquire(t)
	case onTick:
		s.tick(t)
	}
	if t.abroad {
		return true
	}
	switch c := &s.cores[t.core]; {
	// It waits, or has ended: the core is free for the next.
	case c.running == t && !t.computing:
		s.vacate(t.core)
	case c.running == nil:
		c.since = s.now // t has been here, and waits again
	case wakes:
		s.disturb(c, t)
	}
	return true
}

// proceed lets a thread go on that has its lock: with the rest of its computing, or its code. left
// is positive if it was interrupted within a segment, by a forced switch for example.
func (s *sim) proceed(t *vthread) {
	if t.op.Do == DoCompute && t.left > 0 {
		s.want(t)
		return
	}
	s.advance(t)
}

// advance runs a thread's code, which takes no time, until it wants something that does. A
// DoCheckpoint or DoYield that finds nothing to do takes no time, so the loop goes on. A Step that
// never asks for anything else hangs it, as it would hang an interpreter.
func (s *sim) advance(t *vthread) {
	for {
		t.op = t.code.next(s, t)
		switch t.op.Do {
		case DoCompute, DoHold, DoRelease:
			if t.op.For <= 0 {
				continue
			}
			s.compute(t)
		case DoCheckpoint:
			if t.lock == nil || !s.policy.Checkpoint(t.lock.state(s.now)) {
				continue
			}
			s.drop(t)
		case DoYield:
			if t.lock == nil || t.lock.waiters.Len() == 0 {
				continue
			}
			t.lock.request(t, true)
			s.drop(t)
		case DoEnd:
			s.end(t)
		default:
			s.leave(t)
		}
		return
	}
}

// compute begins a segment of computing, with or without the lock.
func (s *sim) compute(t *vthread) {
	t.left = s.traits.slowed(t.op.Do, t.op.For)
	switch {
	case t.op.Do == DoRelease:
		s.leave(t)
		return
	case t.op.Do == DoHold && s.watch != nil:
		s.watch(t, quartet.EventResumed, quartet.DetailHolds, nil)
	}
	s.want(t)
}

// leave releases t's lock, and does then what t does without it. release may say that t first waits
// for another to have the lock; follow then comes with onSwitched.
func (s *sim) leave(t *vthread) {
	if t.lock == nil || !s.release(t, false) {
		s.follow(t)
	}
}

// follow is what t does after a release. Costs that t owes (for the wake-up of others) are paid
// here in time, before its wait or with its computing, as they come before it on the same core.
func (s *sim) follow(t *vthread) {
	if t.abroad {
		s.followAbroad(t)
		return
	}
	owed := t.owed
	t.owed = 0
	t.heavy, t.burst = t.Computed-t.burst >= heavy, t.Computed
	switch t.op.Do {
	case DoRelease:
		t.set(s, stateNative)
		t.left += owed
		s.want(t)
	case DoSleep:
		t.set(s, stateBlocked)
		d := max(t.op.For, 0)
		t.Slept += d
		t.wakesAt = s.now + d
		// The wait had been ended before it began: it takes no time, but the thread goes through
		// it, as in the kernel.
		if t.woken {
			d = 0
			t.woken = false
		}
		s.agenda.put(t, s.now+owed+d+t.late(s, d), onTimer)
	case DoPut:
		t.set(s, stateBlocked)
		s.occupy(t)
		s.agenda.put(t, s.now+owed+s.putInto(t), onFollow)
	case DoGet:
		t.set(s, stateBlocked)
		s.getFrom(t.op.Queue, t, owed)
	case doPark:
		t.set(s, stateBlocked)
		if t.woken {
			s.wake(t, nil)
		}
	case doMove:
		t.lock = &s.locks[t.op.Queue%len(s.locks)]
		s.take(t)
	case DoEnd:
	default: // it was dropped at a checkpoint, and is wanted back
		s.take(t)
	}
}

// followAbroad is the same for a thread of another machine, which sleeps and puts. It needs neither
// core nor lock, so none of its acts costs this machine anything but the wake-up.
func (s *sim) followAbroad(t *vthread) {
	at := s.now
	if t.op.Do == DoPut {
		s.putInto(t)
	} else {
		at += t.op.For
	}
	s.agenda.put(t, at, onTimer)
}

// wake ends the wait of a parked or sleeping thread, and returns what that costs the thread by that
// wakes it; nil: it is woken from outside. One that has not parked yet, or whose wake-up
// is on its way for another reason, keeps the news in woken, and its next wait ends at once: no
// wake-up is lost.
func (s *sim) wake(t, by *vthread) (cost time.Duration) {
	switch {
	case t.ready: // its sleep has ended already
	case t.state != stateBlocked || t.place > 0 && t.due != onTimer:
		t.woken = true
	default:
		t.woken = false
		cost = s.rouse(t, by, onRun)
	}
	return cost
}

// The lock is released last, since ended (which gives a task's outcome) still belongs to the
// thread's turn. t stays in done for the report; its code is dropped, which may hold a task.
func (s *sim) end(t *vthread) {
	s.threads--
	delete(s.living, t)
	t.set(s, stateEnded)
	t.check(s)
	t.endConvoy(s)
	t.code = nil
	s.done = append(s.done, t)
	s.ended(t)
	// Waiters of a thread that ends compete as after any release.
	if t.lock != nil {
		s.release(t, false)
	}
}
