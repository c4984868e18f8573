package gil

import (
	"context"
	"sync"
)

// Lock is a mutex for threads (threading.Lock): who waits for it releases the global lock meanwhile. Unlock wakes the
// thread that has waited for longest, which has to come before anybody else does. The zero value is free. It works under
// both clocks, and outside of threads, where it blocks the goroutine. It must not be copied.
type Lock struct {
	held  bool // these are guarded by wiring
	owner *run // nil: no thread's
	line  line
}

// wiring guards who has which Lock and who waits for it, of all Locks, so that cycles can be seen. It is the package's and
// not a scheduler's, as the zero Lock belongs to none and threads of several may share one.
var wiring struct {
	sync.Mutex
	waits map[*run]*Lock
}

// Lock takes l. The error is ctx's cause, or a [*DeadlockError] when the wait would never end, because who has l waits,
// maybe over others, for a Lock of the caller's. A free Lock is taken also when ctx has ended.
func (l *Lock) Lock(ctx context.Context) error {
	me := threadOf(ctx)
	for {
		wiring.Lock()
		if !l.held {
			l.held, l.owner = true, me
			wiring.Unlock()
			return nil
		}
		if err := l.cycle(me); err != nil {
			wiring.Unlock()
			return err
		}
		s := l.line.join()
		waitsFor(me, l)
		wiring.Unlock()
		err := s.wait(ctx, &wiring)
		wiring.Lock()
		waitsFor(me, nil)
		var wake func()
		if err != nil && !l.line.leave(s) && !l.held {
			wake = l.line.first() // the wake-up came, and is another's now
		}
		wiring.Unlock()
		call(wake)
		if err != nil {
			return err
		}
	}
}

// TryLock takes l if it is free.
func (l *Lock) TryLock(ctx context.Context) bool {
	me := threadOf(ctx)
	wiring.Lock()
	defer wiring.Unlock()
	if l.held {
		return false
	}
	l.held, l.owner = true, me
	return true
}

// Unlock gives l up. It may be called by anybody, and panics when nobody has it.
func (l *Lock) Unlock() {
	wiring.Lock()
	if !l.held {
		wiring.Unlock()
		panic("gil: Unlock of a Lock that nobody has")
	}
	l.held, l.owner = false, nil
	wake := l.line.first()
	wiring.Unlock()
	call(wake)
}

// waitsFor notes, locked, what a thread waits for.
func waitsFor(r *run, l *Lock) {
	switch {
	case r == nil:
	case l == nil:
		delete(wiring.waits, r)
	default:
		if wiring.waits == nil {
			wiring.waits = make(map[*run]*Lock)
		}
		wiring.waits[r] = l
	}
}

// cycle is locked: it follows who has what from l on, and comes back to me where there is a cycle.
func (l *Lock) cycle(me *run) error {
	if me == nil {
		return nil
	}
	err := &DeadlockError{}
	from := me
	for l != nil && l.held && l.owner != nil {
		err.Waits = append(err.Waits, from.name()+" waits for a Lock that "+l.owner.name()+" has")
		if l.owner == me {
			return err
		}
		from = l.owner
		l = wiring.waits[from]
		if len(err.Waits) > len(wiring.waits) { // around a cycle that I am not in
			return nil
		}
	}
	return nil
}

// Cond is a condition of what L protects (threading.Condition). L must be set before the first use.
type Cond struct {
	L    *Lock
	line line // guarded by wiring
}

// Wait gives L up, waits for a Signal or Broadcast, and takes L again. Its error is ctx's cause; L is the caller's then
// also, unless the error is [quartet.ErrDeadlock]. The caller must have L, and looks again after Wait whether what it
// waits for is so.
func (c *Cond) Wait(ctx context.Context) error {
	wiring.Lock()
	s := c.line.join()
	wiring.Unlock()
	c.L.Unlock()
	err := s.wait(ctx, &wiring)
	var wake func()
	if err != nil {
		wiring.Lock()
		if !c.line.leave(s) {
			wake = c.line.first()
		}
		wiring.Unlock()
	}
	call(wake)
	if e := c.L.Lock(context.WithoutCancel(ctx)); e != nil {
		return e
	}
	return err
}

// Signal wakes the thread that has waited for longest, if there is one.
func (c *Cond) Signal() {
	wiring.Lock()
	wake := c.line.first()
	wiring.Unlock()
	call(wake)
}

// Broadcast wakes all who wait.
func (c *Cond) Broadcast() {
	wiring.Lock()
	var wakes []func()
	for wake := c.line.first(); wake != nil; wake = c.line.first() {
		wakes = append(wakes, wake)
	}
	wiring.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

func call(f func()) {
	if f != nil {
		f()
	}
}
