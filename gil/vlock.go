package gil

import "slices"

// vlock is the lock of the simulated machine.
type vlock struct {
	free      bool
	holder    *vthread
	last      *vthread
	switches  uint64
	requested bool
	waiters   []*vthread
	dropped   []func() // what those do next who dropped it on request, when another has it
}

// take competes for the lock.
func (v *virtual) take(t *vthread) {
	l := &v.lock
	t.set(v, waiting)
	if l.free || l.holder == nil {
		v.acquire(t)
		return
	}
	l.waiters = append(l.waiters, t)
	t.saved = l.switches
	t.stop = v.after(v.s.cfg.Policy.interval+v.late(v.s.cfg.Machine.TimerSlack), func() { v.timeOut(t) })
}

// timeOut is the end of a waiter's interval: it asks for the lock if nobody has taken it meanwhile, and waits on.
func (v *virtual) timeOut(t *vthread) {
	l := &v.lock
	l.remove(t)
	if l.holder != nil && l.switches == t.saved && !l.requested {
		l.requested = true
		v.cores.interrupt(v, l.holder)
	}
	v.take(t)
}

func (l *vlock) remove(t *vthread) {
	i := slices.Index(l.waiters, t)
	l.waiters = slices.Delete(l.waiters, i, i+1)
}

func (v *virtual) acquire(t *vthread) {
	l := &v.lock
	if !l.free {
		if l.holder != nil {
			panic("gil: invariant broken: two threads hold the lock")
		}
		l.holder = t
		if l.last != t {
			l.last = t
			l.switches++
		}
		l.requested = false
		dropped := l.dropped
		l.dropped = nil
		for _, next := range dropped {
			next()
		}
	}
	t.set(v, running)
	v.proceed(t)
}

// drop gives the lock up on request, and competes for it again when another has it.
func (v *virtual) drop(t *vthread) {
	t.Forced++
	v.release(t, func() { v.take(t) })
}

// release gives the lock up; next is what t does then. It hands the lock to nobody: it wakes the oldest waiter. When it
// was asked for, next comes when another thread has the lock.
func (v *virtual) release(t *vthread, next func()) {
	l := &v.lock
	if t.state != ended {
		t.set(v, waiting)
	}
	if l.free {
		next()
		return
	}
	if l.holder != t {
		panic("gil: invariant broken: a thread releases a lock that it does not hold")
	}
	l.holder = nil
	asked := l.requested
	l.requested = false
	t.slept = v.clock()
	if len(l.waiters) > 0 {
		v.signal(l.waiters[0])
	}
	if asked {
		l.dropped = append(l.dropped, next)
	} else {
		t.Voluntary++
		next()
	}
}

// signal wakes a waiter, who runs a little later, and may find the lock taken.
func (v *virtual) signal(t *vthread) {
	v.lock.remove(t)
	t.stop()
	m := &v.s.cfg.Machine
	wake := m.ColdWake
	if v.clock()-t.slept < m.HotWindow {
		wake = m.HotWake
	}
	v.after(v.late(wake), func() {
		if v.lock.holder != nil {
			t.Lost++
		}
		v.take(t)
	})
}
