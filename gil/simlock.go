package gil

import (
	"fmt"
)

// simLock is a lock of the simulated machine.
type simLock struct {
	holder   *vthread
	last     *vthread // who has it, or had it last
	switches uint64
	asked    bool     // the holder is asked to drop it
	own      bool     // that is kept by thread, since 3.13
	forced   *vthread // who dropped it last, at a checkpoint
	waiters  waiters
	flying   int        // woken for it, not there yet
	dropped  []*vthread // who dropped it on request, until another has it
}

// waiters are the threads that sleep until a lock is free, the oldest first.
type waiters struct {
	first, last *vthread
	n           int
}

func (w *waiters) push(t *vthread) {
	t.prev, t.next, t.queued = w.last, nil, true
	if w.last != nil {
		w.last.next = t
	} else {
		w.first = t
	}
	w.last = t
	w.n++
}

func (w *waiters) remove(t *vthread) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		w.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		w.last = t.prev
	}
	t.prev, t.next, t.queued = nil, nil, false
	w.n--
}

func (l *simLock) state() LockState {
	return LockState{Held: l.holder != nil, Requested: l.requested(), Waiters: l.waiters.n, Switches: l.switches}
}

func (l *simLock) requested() bool {
	if l.own {
		return l.holder != nil && l.holder.asked
	}
	return l.asked
}

// request has the holder asked to drop the lock, or takes that back.
func (l *simLock) request(holder *vthread, asked bool) {
	if l.own {
		holder.asked = asked
	} else {
		l.asked = asked
	}
}

// take competes for t's lock.
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
	t.asleep = s.now
	t.before = l.switches
	l.waiters.push(t)
	if d := s.policy.Patience(l.state()); d > 0 {
		s.agenda.put(t, s.now+d+t.late(s, d), onPatience)
	}
	if s.period > 0 && l.waiters.n == 1 || s.policy.Checkpoint(l.state()) {
		s.interrupt(l.holder)
	}
}

// patienceEnded is when a waiter has slept for long: it may ask for the lock, and waits on.
func (s *sim) patienceEnded(t *vthread) {
	if s.misplaced(t, onPatience) {
		return
	}
	l := t.lock
	l.waiters.remove(t)
	if s.policy.TimedOut(l.state(), t.before) && l.holder != nil && !l.requested() {
		l.request(l.holder, true)
		t.Asked++
		t.culprit = l.holder
		t.note(s, DetailAsks, l.holder)
		s.interrupt(l.holder)
	}
	s.take(t)
}

// acquire gives the free lock to t.
func (s *sim) acquire(t *vthread) {
	s.own(t)
	s.enter(t)
}

func (s *sim) own(t *vthread) {
	l := t.lock
	if l.holder != nil {
		panic(fmt.Sprintf("gil: invariant broken: threads %d and %d hold one lock", l.holder.number, t.number))
	}
	l.holder = t
	s.waited(t)
	if l.last != t {
		l.last = t
		l.switches++
	}
	l.request(t, false)
	if l.forced != nil && l.forced != t {
		t.note(s, DetailForced, l.forced)
	}
	l.forced = nil
	t.owed += s.machine.TakeRelease
	for _, d := range l.dropped {
		t.owed += s.machine.Signal
		s.agenda.put(d, s.now+s.machine.Signal+d.wakeUp(s), onSwitched)
	}
	l.dropped = l.dropped[:0]
}

// enter lets a thread go on that has what it needs to run.
func (s *sim) enter(t *vthread) {
	if t.lock != nil && t.lock.holder != t {
		panic(fmt.Sprintf("gil: invariant broken: thread %d runs without the lock", t.number))
	}
	t.set(s, stateRunning)
	s.proceed(t)
}

// drop gives the lock up at a checkpoint, and competes for it again.
func (s *sim) drop(t *vthread) {
	t.Forced++
	t.endConvoy(s)
	t.lock.forced = t
	if !s.release(t, true) {
		s.take(t)
	}
}

// release gives t's lock up, as the policy says. It reports true when t goes on only after another has the lock.
func (s *sim) release(t *vthread, forced bool) (stays bool) {
	l := t.lock
	if l.holder != t {
		panic(fmt.Sprintf("gil: invariant broken: thread %d releases a lock that it does not hold", t.number))
	}
	how := s.policy.Release(l.state(), forced)
	if t.state != stateEnded {
		t.set(s, stateWaiting)
		t.waitBegan, t.culprit = s.now, nil
	}
	l.holder = nil
	if !forced {
		t.Voluntary++
	}
	stays = how.Stay && t.state != stateEnded && l.waiters.n+l.flying > 0
	if stays || how.HandOff {
		l.request(t, false)
	}
	if stays {
		t.dropped, t.before, t.asleep = true, l.switches, s.now
		l.dropped = append(l.dropped, t)
	}
	s.wakeFirst(t, l, how.HandOff)
	l.check()
	return stays
}

// wakeFirst wakes the thread that has waited for longest, if there is one; handOff: it has the lock already.
func (s *sim) wakeFirst(t *vthread, l *simLock, handOff bool) {
	w := l.waiters.first
	if w == nil {
		return
	}
	t.owed += s.machine.Signal
	l.waiters.remove(w)
	s.unstick(w)
	at := s.now + s.machine.Signal + w.wakeUp(s)
	if handOff {
		s.own(w)
		s.agenda.put(w, at, onGranted)
		return
	}
	l.flying++
	s.agenda.put(w, at, onSignalled)
}

// check panics when a free lock has waiters of whom none is on its way.
func (l *simLock) check() {
	if l.holder == nil && l.waiters.n > 0 && l.flying == 0 {
		panic("gil: invariant broken: a wake-up is lost: the lock is free, and all who wait for it sleep")
	}
}

// arrive is when a thread that was woken for the lock runs.
func (s *sim) arrive(t *vthread) {
	l := t.lock
	l.flying--
	if l.holder != nil {
		t.Lost++
		t.note(s, DetailLost, l.holder)
	}
	s.take(t)
	l.check()
}

// switched is when a thread that has dropped the lock on request sees that another has it, and goes on.
func (s *sim) switched(t *vthread) {
	if t.lock.switches == t.before {
		panic(fmt.Sprintf("gil: invariant broken: a forced switch of thread %d changed nobody", t.number))
	}
	t.dropped = false
	s.follow(t)
}

// tick is the end of the holder's ticks, with others who want the lock: a release, and the wish to have it back.
func (s *sim) tick(t *vthread) {
	l := t.lock
	if l.waiters.n == 0 && len(s.agenda.heap) > 0 {
		s.skip(t)
		return
	}
	call := s.machine.Call
	l.holder = nil
	if l.waiters.n > 0 {
		s.wakeFirst(t, l, false)
		call += t.owed
	}
	t.owed = 0
	l.check()
	s.agenda.put(t, s.now+max(call, 1), onReacquire)
}

// skip goes through ticks during which nothing else can happen: those who want the lock are all on their way.
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
	s.agenda.put(t, s.now+k*each, onTick)
}

// reacquire is when the holder wants the lock back after its ticks.
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
