package gil

import (
	"context"
	"sync"
)

// Cond is a condition of what L protects (threading.Condition). L must be set before the first use.
//
// Waiters are woken in the order in which they began to wait, but have to compete for L again like
// anybody else.
type Cond struct {
	L *Lock

	// mu guards line. It is never held while L is taken or given up.
	mu   sync.Mutex
	line line
}

// Wait gives L up, waits for a Signal or Broadcast, and takes L again. The caller must have L. It
// has L again when Wait returns, unless the error is [quartet.ErrDeadlock]; any other error is
// ctx's cause. The condition may not hold after Wait, so the caller checks it again.
func (c *Cond) Wait(ctx context.Context) error {
	c.mu.Lock()
	// Before L is given up: a Signal of whoever takes L next has to find this thread.
	s := c.line.join()
	c.mu.Unlock()
	// Outside of c.mu: Unlock wakes a thread, which may come here at once.
	c.L.Unlock()
	err := s.wait(ctx, &c.mu)
	if err != nil {
		c.mu.Lock()
		// A wake-up that had been given to this thread always goes on, or a Signal would be lost.
		wake := c.line.leave(s, true)
		c.mu.Unlock()
		call(wake)
	}
	// The caller unlocks L after Wait, whatever the error, so L is taken even if ctx has ended.
	if e := c.L.Lock(context.WithoutCancel(ctx)); e != nil {
		return e
	}
	return err
}

// Signal wakes the thread that has waited for longest, if there is one. The caller need not have L,
// as with sync.Cond; Python demands it.
func (c *Cond) Signal() {
	c.mu.Lock()
	wake := c.line.first()
	c.mu.Unlock()
	call(wake)
}

// Broadcast wakes all who wait.
func (c *Cond) Broadcast() {
	c.mu.Lock()
	var wakes []func()
	for wake := c.line.first(); wake != nil; wake = c.line.first() {
		wakes = append(wakes, wake)
	}
	c.mu.Unlock()
	// After the unlock, as each may run another thread.
	for _, wake := range wakes {
		wake()
	}
}
