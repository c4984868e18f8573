package gil

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Lock is a mutex for threads (threading.Lock): who waits for it releases the global lock
// meanwhile. Unlock wakes the thread that has waited for longest; another may take the Lock before
// that one runs. A woken thread takes the Lock first and the global lock second, as CPython does
// (PyThread_acquire_lock_timed between two calls of the eval loop's lock): so it may keep the Lock
// while it waits for the global lock, and others queue up behind it. The zero value is free. It
// works under both clocks, and outside of threads, where it blocks the goroutine. It must not be
// copied.
type Lock struct {
	// mu guards the fields below. Lock order: mu, then the wiring's of the owner's scheduler.
	// Neither is held while a thread waits or is woken.
	mu    sync.Mutex
	held  bool
	line  line
	owner atomic.Pointer[run] // nil: no thread's
}

// Lock takes l. The error is ctx's cause, or a [*DeadlockError] when the wait would never end,
// because who has l waits, maybe over others of the same scheduler, for a Lock of the caller's. A
// free Lock is taken also when ctx has ended.
func (l *Lock) Lock(ctx context.Context) error {
	me := threadOf(ctx)
	if l.tryFor(me) {
		return nil
	}
	w := &lockWait{l: l, me: me}
	var err error
	if me != nil {
		err = me.engine().acquire(ctx, (*task.Node)(me), w.attempt)
	} else {
		err = parkUntil(ctx, quartet.Suspend, w.attempt)
	}
	// The wait is over: a look for a cycle by another thread must not go through it.
	_ = me.waitsFor(nil)
	if err != nil {
		w.giveUp()
		return err
	}
	return w.err
}

// lockWait is one call of Lock that found l held.
type lockWait struct {
	l       *Lock
	me      *run
	sleeper *sleeper // in l's line, or taken out of it by a wake-up
	err     error    // a deadlock
}

// attempt takes l, or joins its line: then it reports false, and resume is called when it is worth
// another attempt. A wait that would never end is over too, with an error. The caller may be
// without the global lock.
func (w *lockWait) attempt(resume func()) (over bool) {
	l := w.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.takeLocked(w.me) {
		return true
	}
	// Noted under l's mutex, so that the owner cannot change between the look for a cycle and the
	// wait.
	if w.err = w.me.waitsFor(l); w.err != nil {
		return true
	}
	w.sleeper = l.line.join()
	w.sleeper.resume = resume
	return false
}

// giveUp leaves the line. A wake-up that came already is another's now: if l is held again, its
// holder's Unlock wakes the next.
func (w *lockWait) giveUp() {
	l := w.l
	l.mu.Lock()
	wake := l.line.leave(w.sleeper, !l.held)
	l.mu.Unlock()
	call(wake)
}

// parkUntil waits by park until attempt says that the wait is over. If ctx ends before, its cause
// is the error.
func parkUntil(
	ctx context.Context, park func(ctx context.Context, arm func(resume func())) error,
	attempt func(resume func()) (over bool),
) error {
	for {
		over := false
		err := park(ctx, func(resume func()) {
			if over = attempt(resume); over {
				resume()
			}
		})
		if over {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// tryFor makes l r's, if it is free.
func (l *Lock) tryFor(r *run) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.takeLocked(r)
}

func (l *Lock) takeLocked(r *run) bool {
	if l.held {
		return false
	}
	l.held = true
	l.ownLocked(r)
	return true
}

// TryLock takes l if it is free. It never waits, so it can close no cycle; its owner is noted for
// those who wait later.
func (l *Lock) TryLock(ctx context.Context) bool { return l.tryFor(threadOf(ctx)) }

// Unlock gives l up. It may be called by anybody, and panics when nobody has it.
func (l *Lock) Unlock() {
	l.mu.Lock()
	if !l.held {
		l.mu.Unlock()
		panic("gil: Unlock of a Lock that nobody has")
	}
	l.held = false
	// While l is free nobody can wait for its owner, so no cycle goes through it.
	l.ownLocked(nil)
	wake := l.line.first()
	l.mu.Unlock()
	call(wake)
}
