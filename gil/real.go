package gil

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// real runs threads as goroutines.
type real struct {
	s        *Scheduler
	free     bool
	lock     lock
	running  atomic.Pointer[task.Node] // with the lock
	threads  sync.WaitGroup
	starting bool // locked: a goroutine competes for the lock on behalf of the oldest queued task
}

func newReal(s *Scheduler) *real {
	return &real{s: s, free: s.cfg.Policy.free, lock: lock{interval: s.cfg.Policy.interval}}
}

func (e *real) join() { e.threads.Wait() }

// ready lets one new thread at a time compete for the lock, so that threads start in order.
func (e *real) ready() {
	for e.s.in.Len() > 0 && !e.starting {
		if !e.free {
			e.starting = true
			e.threads.Go(e.start)
			return
		}
		if n := e.s.in.Pop(); n != nil {
			n.Model = (*run)(n)
			e.threads.Go(func() { e.thread(n) })
		}
	}
}

func (e *real) start() {
	e.lock.take(e)
	e.s.in.Lock()
	e.starting = false
	n := e.s.in.Pop()
	if n != nil {
		n.Model = (*run)(n)
	}
	e.ready()
	e.s.in.Unlock()
	if n == nil { // it was abandoned meanwhile
		e.lock.release(false)
		return
	}
	e.running.Store(n)
	e.thread(n)
}

// thread runs n's job, and ends it also when it calls Goexit. A panic that nobody takes crashes the program.
func (e *real) thread(n *task.Node) {
	returned := false
	defer func() {
		if !returned {
			n.Failed = true
			if v := recover(); v != nil {
				if e.s.cfg.OnPanic == nil {
					panic(v)
				}
				e.s.cfg.OnPanic(quartet.NewPanicError(v))
			} else if _, future := n.Job.(task.Noder); !future && e.s.cfg.OnPanic != nil {
				e.s.cfg.OnPanic(quartet.ErrGoexit)
			}
		}
		e.end(n)
	}()
	n.Run()
	returned = true
}

func (e *real) end(n *task.Node) {
	n.End()
	e.s.in.Lock()
	e.s.in.End(n)
	e.s.in.Unlock()
	if !e.free {
		e.running.Store(nil)
		e.lock.release(false)
	}
}

func (e *real) mine(n *task.Node) bool {
	if e.free {
		e.s.in.Lock()
		defer e.s.in.Unlock()
		return n.State() == task.Started && !n.Waiting
	}
	return e.running.Load() == n
}

func (e *real) checkpoint(n *task.Node) {
	if !e.free && e.lock.drop.Load() {
		e.without(n, true, func() {})
	}
}

func (e *real) yield(n *task.Node) {
	if !e.free {
		e.without(n, true, func() {})
	}
}

// without runs fn without the lock. switching: not before another has had it, if anybody wants it.
func (e *real) without(n *task.Node, switching bool, fn func()) {
	e.setWaiting(n, true)
	if e.free {
		defer e.setWaiting(n, false)
		fn()
		return
	}
	e.running.Store(nil)
	e.lock.release(switching)
	defer func() { // also after a panic or Goexit of fn, which are the thread's
		e.lock.take(n)
		e.running.Store(n)
		e.setWaiting(n, false)
	}()
	fn()
}

func (e *real) setWaiting(n *task.Node, waiting bool) {
	e.s.in.Lock()
	e.s.in.SetWaiting(n, waiting)
	e.s.in.Unlock()
}

func (e *real) compute(n *task.Node, seg segment) {
	switch {
	case !seg.locked:
		e.without(n, false, func() { burn(seg.d, func() {}) })
	case seg.checks:
		burn(seg.d, func() { e.checkpoint(n) })
	default:
		burn(seg.d, func() {})
	}
}

func (e *real) wait(ctx context.Context, n *task.Node, arm func(resume func())) (err error) {
	e.without(n, false, func() { err = task.Park(ctx, arm) })
	return err
}

func (e *real) sleep(ctx context.Context, n *task.Node, d time.Duration) (err error) {
	e.without(n, false, func() { err = task.Sleep(ctx, d) })
	return err
}

func (e *real) block(n *task.Node, fn func()) { e.without(n, false, fn) }
