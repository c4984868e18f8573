package gil

import (
	"context"
	"sync"
	"sync/atomic"
)

// Lock is a mutex for threads (threading.Lock): who waits for it releases the global lock
// meanwhile. Unlock wakes the thread that has waited for longest; another may take the Lock before
// that one runs. The zero value is free. It works under both clocks, and outside of threads, where
// it blocks the goroutine. It must not be copied.
type Lock struct {
	mu    sync.Mutex // guards what follows
	held  bool
	line  line
	owner atomic.Pointer[run] // nil: no thread's
}

// Lock takes l. The error is ctx's cause, or a [*DeadlockError] when the wait would never end,
// because who has l waits, maybe over others of the same scheduler, for a Lock of the caller's. A
// free Lock is taken also when ctx has ended.
func (l *Lock) Lock(ctx context.Context) error {
	me := threadOf(ctx)
	for {
		l.mu.Lock()
		if !l.held {
			l.held = true
			l.ownLocked(me)
			l.mu.Unlock()
			return nil
		}
		// Noted under l's mutex, so that the owner cannot change between the look for a cycle and
		// the wait.
		if err := me.waitsFor(l); err != nil {
			l.mu.Unlock()
			return err
		}
		s := l.line.join()
		l.mu.Unlock()
		err := s.wait(ctx, &l.mu)
		_ = me.waitsFor(nil)
		if err != nil {
			l.mu.Lock()
			var wake func()
			// If l is held again, its holder's Unlock wakes the next.
			if !l.line.leave(s) && !l.held {
				wake = l.line.first() // the wake-up came, and is another's now
			}
			l.mu.Unlock()
			call(wake)
			return err
		}
	}
}

// TryLock takes l if it is free.
func (l *Lock) TryLock(ctx context.Context) bool {
	me := threadOf(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		return false
	}
	l.held = true
	l.ownLocked(me)
	return true
}

// Unlock gives l up. It may be called by anybody, and panics when nobody has it.
func (l *Lock) Unlock() {
	l.mu.Lock()
	if !l.held {
		l.mu.Unlock()
		panic("gil: Unlock of a Lock that nobody has")
	}
	l.held = false
	l.ownLocked(nil)
	wake := l.line.first()
	l.mu.Unlock()
	call(wake)
}
