package gil

import (
	"context"
	"slices"
	"sync"

	"github.com/quartet-go/quartet"
)

// line is who waits in a Lock, a Cond or a Queue, the oldest first. Its owner's mutex guards it. To
// join the line and to look at the state that is waited for are one section of that mutex; so a
// wake-up between the look and the wait is not lost. A slice, as few threads wait at one place.
type line struct{ sleepers []*sleeper }

// sleeper is one wait. woken is set under the mutex when it is taken out of the line. If that
// happens before resume is known, wait sees it when it arms.
type sleeper struct {
	resume func() // nil: it does not wait yet
	woken  bool
}

// join is called under the owner's mutex, in the same section as the look that made the caller
// wait.
func (l *line) join() *sleeper {
	s := &sleeper{}
	l.sleepers = append(l.sleepers, s)
	return s
}

// leave takes s out, whose waiter gives up. If s has been woken already, its wake-up was meant for
// a waiter that goes on. With pass leave gives it to the next one, and returns what wakes that one;
// nil: there is nobody to wake. The caller calls it without the mutex.
func (l *line) leave(s *sleeper, pass bool) (wake func()) {
	i := slices.Index(l.sleepers, s)
	if i >= 0 {
		l.sleepers = slices.Delete(l.sleepers, i, i+1)
		return nil
	}
	if !pass {
		return nil
	}
	return l.first()
}

// first takes the oldest out, and returns what wakes it; nil when nobody waits. That is called
// without the mutex.
func (l *line) first() (wake func()) {
	if len(l.sleepers) == 0 {
		return nil
	}
	s := l.sleepers[0]
	l.sleepers = slices.Delete(l.sleepers, 0, 1)
	s.woken = true
	// It has joined and has not armed yet. A func that does nothing keeps nil for "nobody waits".
	if s.resume == nil {
		return func() {} // it will see it
	}
	return s.resume
}

// wait waits until s is woken, or ctx ends (its cause). mu is the owner's. resume is called without
// mu, since it may run the waiter's thread.
func (s *sleeper) wait(ctx context.Context, mu sync.Locker) error {
	return quartet.Suspend(ctx, func(resume func()) {
		mu.Lock()
		woken := s.woken
		s.resume = resume
		mu.Unlock()
		if woken {
			resume()
		}
	})
}

func call(f func()) {
	if f != nil {
		f()
	}
}
