package gil

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/linked"
)

// simLock is a lock of the simulated machine: CPython's struct _gil_runtime_state. holder stands
// for its locked, last for last_holder, switches for switch_number, and asked for gil_drop_request.
//
// Invariant, between two steps: if it is free and somebody sleeps in waiters, somebody else is on
// the way to it (flying); else a wake-up would be lost. check panics when that breaks.
//
// All of it belongs to whoever steps the machine. A policy gets a LockState and never the lock.
type simLock struct {
	holder      *vthread
	last        *vthread // who has it, or had it last
	switches    uint64
	asked       bool // the holder is asked to drop it
	ownRequests bool // asked is kept by thread, since 3.13
	// It sleeps again after awake, by the machine's clock; wakeFirst looks at both.
	asker   *vthread // who asked last, and does not sleep before awake
	awake   time.Duration
	shut    time.Duration         // until then the thread that released it signals, and keeps its mutex
	ticked  time.Duration         // under Ticks: computed since the last tick
	forced  *vthread              // who dropped it last, at a checkpoint
	waiters linked.List[*vthread] // they sleep until it is free
	// Raised by whoever wakes a thread for the lock, lowered by arrive.
	flying  int        // woken for it, not there yet
	dropped []*vthread // who dropped it on request, until another has it
}

// A copy: a policy sees the lock at one moment, and cannot change it.
func (l *simLock) state(now time.Duration) LockState {
	return LockState{
		Now: now, Held: l.holder != nil, Requested: l.requested(), Waiters: l.waiters.Len(),
		Switches: l.switches,
	}
}

// wanted says that somebody waits for l, or has been woken for it.
func (l *simLock) wanted() bool { return l.waiters.Len()+l.flying > 0 }

// requested reports whether the present holder is asked. With own requests (since 3.13) the bit is
// the thread's, and an old one of another thread does not count.
func (l *simLock) requested() bool {
	if l.ownRequests {
		return l.holder != nil && l.holder.asked
	}
	return l.asked
}

// request has the holder asked to drop the lock, or takes that back. To take it back from a thread
// that was not asked changes nothing.
func (l *simLock) request(holder *vthread, asked bool) {
	if l.ownRequests {
		holder.asked = asked
	} else {
		l.asked = asked
	}
}

// take competes for t's lock, as take_gil does: at once if it is free, else by sleeping on the
// condition variable with a timeout. The time of waiting counts from the first try, through all
// wake-ups.
func (s *sim) take(t *vthread) {
	l := t.lock
	if l == nil {
		s.enter(t)
		return
	}
	if t.state != stateWaiting {
		t.set(s, stateWaiting)
		t.waitBegan, t.culprit = s.now, l.holder
	}
	if l.holder == nil {
		s.acquire(t)
		return
	}
	t.before = l.switches
	l.waiters.Push(&t.link, t)
	if d := s.policy.Patience(l.state(s.now)); d > 0 {
		s.agenda.put(t, s.now+d+t.late(s, d), onPatience)
	}
	// Under Ticks the holder computes without stops until somebody wants the lock.
	if s.period > 0 && l.waiters.Len() == 1 || s.policy.Checkpoint(l.state(s.now)) {
		s.interrupt(l.holder)
	}
}

// patienceEnded is when a waiter has slept for long: it may ask for the lock, and waits on. It does
// so through take, as the last of the waiters, since in CPython a new pthread_cond_timedwait is a
// new wait.
//
// After it has asked it is awake for a moment, before it sleeps again. If the holder drops the lock
// within that moment, it takes it without a wake-up, and maybe before those who have slept for
// longer (Awake, Barging).
func (s *sim) patienceEnded(t *vthread) {
	l := t.lock
	l.waiters.Remove(&t.link)
	if s.policy.TimedOut(l.state(s.now), t.before) && l.holder != nil && !l.requested() {
		l.request(l.holder, true)
		t.Asked++
		t.culprit = l.holder
		t.note(s, quartet.DetailAsks, l.holder)
		s.interrupt(l.holder)
		if l.holder.computing && l.holder.core != t.core && t.places.chance(s.machine.Awake) &&
			(l.waiters.Len() == 0 || t.places.chance(s.machine.Barging)) {
			l.asker, l.awake = t, s.now+s.machine.Check+s.machine.Call
		}
	}
	s.take(t)
}

// acquire gives the free lock to t. enter comes second, as it may run the thread's code, which asks
// for the lock's state. The lock must be free, which own checks.
func (s *sim) acquire(t *vthread) {
	s.own(t)
	s.enter(t)
}

// own makes t the holder, with all that take_gil does at _ready: the number of switches, the
// request taken back, and those woken who dropped the lock and wait for exactly this (switch_cond).
func (s *sim) own(t *vthread) {
	l := t.lock
	if l.holder != nil {
		panic(fmt.Sprintf("gil: invariant broken: threads %d and %d hold one lock", l.holder.number, t.number))
	}
	l.holder = t
	s.waited(t)
	// As in CPython, a lock that its last holder takes again was not switched.
	if l.last != t {
		l.last = t
		l.switches++
	}
	l.request(t, false)
	// An arrow for pictures, from the thread that had to drop it.
	if l.forced != nil && l.forced != t {
		t.note(s, quartet.DetailForced, l.forced)
	}
	l.forced = nil
	t.chill = s.machine.chillOf(s.now - t.held)
	t.owed += s.machine.TakeRelease
	for _, d := range l.dropped {
		if d.core == t.core && s.now-d.droppedAt < 3*s.machine.Signal {
			d.displaced = true // it had not gone to sleep yet
		}
		t.owed += s.rouse(d, t, onSwitched)
	}
	l.dropped = l.dropped[:0]
}

// enter lets a thread go on that has what it needs to run. t has a core: lands has seen to that
// before the occasion.
func (s *sim) enter(t *vthread) {
	if t.lock != nil && t.lock.holder != t {
		panic(fmt.Sprintf("gil: invariant broken: thread %d runs without the lock", t.number))
	}
	t.set(s, stateRunning)
	s.proceed(t)
}

// drop gives the lock up at a checkpoint, and competes for it again. If release says that t stays,
// t goes on by switched.
func (s *sim) drop(t *vthread) {
	t.Forced++
	t.heavy = true
	t.endConvoy(s)
	t.lock.forced = t
	if !s.release(t, true) {
		s.take(t)
	}
}

// release gives t's lock up, as the policy says. It reports true when t goes on only after another
// has the lock.
//
// drop_gil: the lock is free first, then the first waiter is signalled, then the releaser may wait
// for the switch. Since the lock is free while the woken thread is on its way, anybody who is awake
// can take it.
func (s *sim) release(t *vthread, forced bool) (stays bool) {
	l := t.lock
	if l.holder != t {
		panic(fmt.Sprintf("gil: invariant broken: thread %d releases a lock that it does not hold", t.number))
	}
	how := s.policy.Release(l.state(s.now), forced)
	if t.state != stateEnded {
		t.set(s, stateWaiting)
		t.waitBegan, t.culprit = s.now, nil
	}
	l.holder, t.held = nil, s.now
	if !forced {
		t.Voluntary++
	}
	stays = how.Stay && t.state != stateEnded && l.wanted()
	// The request is obeyed, or the next holder has it handed over: either way it is of the past.
	if stays || how.HandOff {
		l.request(t, false)
	}
	if stays {
		// switched checks by before that the switch has really happened.
		t.before, t.droppedAt = l.switches, s.now
		l.dropped = append(l.dropped, t)
	}
	s.wakeFirst(t, l, how.HandOff)
	l.check()
	return stays
}

// wakeFirst wakes the thread that has waited for longest, if there is one; handOff: it has the lock
// already.
//
// The asker that is still awake comes first: it needs no wake-up. A hand-over makes the woken
// thread the holder at once. Else the thread is flying until arrive, and the lock's mutex is shut
// as long as the call that wakes it takes.
func (s *sim) wakeFirst(t *vthread, l *simLock, handOff bool) {
	w := l.waiters.First()
	if w == nil {
		return
	}
	if a := l.asker; a != nil && a.link.Taken() && !a.ready && s.now <= l.awake && !handOff {
		l.asker = nil
		l.waiters.Remove(&a.link)
		l.flying++
		t.owed += s.machine.Call
		s.agenda.put(a, s.now+s.machine.Call, onBarged)
		return
	}
	l.waiters.Remove(&w.link)
	if handOff {
		s.own(w)
		t.owed += s.rouse(w, t, onGranted)
		return
	}
	l.flying++
	cost := s.rouse(w, t, onSignalled)
	t.owed += cost
	if s.period == 0 { // a semaphore has no mutex
		l.shut = s.now + cost
	}
}

// check panics when a free lock has waiters of whom none is on its way.
func (l *simLock) check() {
	if l.holder == nil && l.waiters.Len() > 0 && l.flying == 0 {
		panic("gil: invariant broken: a wake-up is lost: the lock is free, and all who wait for it sleep")
	}
}

// arrive is when a thread that was woken for the lock runs. It competes like everybody; that it had
// been woken gives it nothing. flying falls before take, which may put t among the waiters again.
func (s *sim) arrive(t *vthread) {
	l := t.lock
	l.flying--
	if l.holder != nil {
		t.Lost++
		t.note(s, quartet.DetailLost, l.holder)
	}
	s.take(t)
	l.check()
}

// switched is when a thread that has dropped the lock on request sees that another has it, and goes
// on. That is FORCE_SWITCHING: without it the thread would mostly take the lock back at once.
func (s *sim) switched(t *vthread) {
	if t.lock.switches == t.before {
		panic(fmt.Sprintf("gil: invariant broken: a forced switch of thread %d changed nobody", t.number))
	}
	s.follow(t)
}

// tick is the end of the holder's ticks, with others who want the lock: a release, and the wish to
// have it back. In CPython 2.7 that is PyThread_release_lock and PyThread_acquire_lock in a row in
// ceval.c. Between the two lies one call of the kernel, if it wakes a waiter, and only a thread
// that runs just then gets the lock.
func (s *sim) tick(t *vthread) {
	l := t.lock
	l.ticked = 0
	t.heavy = true
	t.computing = true // a call so short that it keeps its core
	if l.waiters.Len() == 0 && len(s.agenda.heap) > 0 {
		s.skip(t)
		return
	}
	call := s.machine.Call
	l.holder, t.held = nil, s.now
	if l.waiters.Len() > 0 {
		s.wakeFirst(t, l, false)
		call += t.owed
	}
	t.owed = 0
	l.check()
	s.agenda.put(t, s.now+max(call, 1), onReacquire)
}

// skip goes through ticks during which nothing else can happen: those who want the lock are all on
// their way. One by one they would be two events each, which is millions in a simulated second.
func (s *sim) skip(t *vthread) {
	each := s.period + s.machine.Call
	k := min((s.agenda.heap[0].at-s.now)/each, (t.left-1)/s.period)
	if k <= 0 {
		t.lock.holder = nil
		s.agenda.put(t, s.now+max(s.machine.Call, 1), onReacquire)
		return
	}
	t.left -= k * s.period
	t.Computed += k * each
	t.Locked += k * each
	t.held = s.now
	s.agenda.put(t, s.now+k*each, onTick)
}

// reacquire is when the holder wants the lock back after its ticks. Whoever got the lock in between
// has forced t, as the release was none of t's wish. It is of Ticks only: every other policy comes
// back through take.
func (s *sim) reacquire(t *vthread) {
	if t.lock.holder != nil {
		t.Forced++
		t.endConvoy(s)
		s.take(t)
		return
	}
	s.own(t)
	t.owed = 0 // that was in the time of the call
	s.proceed(t)
}
