package gil

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// real runs threads as goroutines. The operating system's scheduler and Go's decide who runs; this
// only decides who may. There is no goroutine but those of threads, and no timer unless somebody
// waits.
//
// born and starting are guarded by the intake's lock; each lock has a mutex of its own, which is
// never held together with the intake's.
type real struct {
	s      *Scheduler
	traits Traits
	scale  time.Duration
	locks  []lock // one for each interpreter, made once
	born   int    // counts threads, to deal them out to interpreters; locked
	// Every goroutine of the engine is counted; join waits for it.
	threads  sync.WaitGroup
	starting bool // locked: a goroutine competes for the lock on behalf of the oldest queued task
}

// newReal makes the locks of all interpreters; no goroutine starts before the first task. Each lock
// has a watchdog of its own; it runs only while somebody waits.
func newReal(s *Scheduler) *real {
	traits := s.cfg.Policy.Traits()
	e := &real{
		s: s, traits: traits, scale: time.Duration(s.cfg.Scale),
		locks: make([]lock, max(1, traits.Locks)),
	}
	for i := range e.locks {
		l := &e.locks[i]
		l.policy, l.scale, l.began = s.cfg.Policy, e.scale, time.Now()
		l.dog.every, l.slow = s.cfg.SlowThread*e.scale, s.cfg.OnSlow
	}
	return e
}

func (e *real) clock() time.Time { return time.Now() }

func (e *real) join() { e.threads.Wait() }

// readyLocked is the intake's hook. It lets one new thread at a time compete for the lock, so that
// threads start in order. Without a lock there is nothing to compete for, and all start at once.
func (e *real) readyLocked() {
	for e.s.in.LenLocked() > 0 && !e.starting {
		if !e.traits.Unlocked {
			e.starting = true
			l := &e.locks[e.born%len(e.locks)]
			e.born++
			// Under the intake's lock, which Shutdown takes before it waits for threads: so no
			// thread is added after that wait has begun.
			e.threads.Go(func() { e.start(l) })
			return
		}
		if n := e.s.in.PopLocked(); n != nil {
			e.threads.Go(func() { e.thread(n) })
		}
	}
}

// start is a thread's goroutine until it has the lock. It takes its task only then: it is the
// oldest of that moment, and could be abandoned until now. The next thread may compete from here
// on.
func (e *real) start(l *lock) {
	// e stands for a thread without a task, and equals no node. begins puts the node in its place.
	l.take(e)
	e.s.in.Lock()
	e.starting = false
	n := e.s.in.PopLocked()
	if n != nil {
		n.Data = l
	}
	e.readyLocked()
	e.s.in.Commit()
	// The goroutine ends without having run anything; readyLocked has started another one if tasks
	// are queued.
	if n == nil { // it was abandoned meanwhile
		l.release(false, false)
		return
	}
	// The task belongs to another interpreter than the one whose lock was taken. It competes there
	// as itself.
	if i, ok := interpreterOf(n.Parent()); ok && &e.locks[i%len(e.locks)] != l {
		l.release(false, false)
		l = &e.locks[i%len(e.locks)]
		l.take(n)
		n.Data = l
	} else {
		l.begins(n)
	}
	l.running.Store(n)
	e.thread(n)
}

// thread runs n's job, and ends it also when it calls Goexit. A panic that nobody takes crashes the
// program. Unlabel takes off the pprof labels that the goroutine has inherited from whoever made
// room for it.
func (e *real) thread(n *task.Node) {
	task.Unlabel()
	returned := false
	defer func() {
		if !returned {
			n.Fail()
			if v := recover(); v != nil {
				if e.s.cfg.OnPanic == nil {
					panic(v)
				}
				e.s.cfg.OnPanic(quartet.NewPanicError(v))
			} else if !intake.IsFuture(n) && e.s.cfg.OnPanic != nil {
				e.s.cfg.OnPanic(quartet.ErrGoexit)
			}
		}
		e.end(n)
	}()
	n.Run()
	returned = true
}

// end gives the lock up last. As the node ends under the lock, waiters that are threads run only
// after this one, as they would after the end of a Python thread. running falls before the release:
// from then on another may store itself.
func (e *real) end(n *task.Node) {
	n.End()
	e.s.in.End(n)
	if !e.traits.Unlocked {
		l := n.Data.(*lock)
		l.running.Store(nil)
		l.forget(n)
		l.release(false, false)
	}
}

// mine compares with the node that has the lock, which is one load. Without a lock many threads
// run, and only their states tell.
func (e *real) mine(n *task.Node) bool {
	if e.traits.Unlocked {
		e.s.in.Lock()
		defer e.s.in.Commit()
		return n.State().Started() && !n.State().Suspended()
	}
	l, ok := n.Data.(*lock)
	return ok && l.running.Load() == n
}

// checkpoint gives the lock up if the policy says so. drop is looked at first: it is all that most
// checkpoints cost.
func (e *real) checkpoint(n *task.Node) {
	if e.traits.Unlocked {
		return
	}
	if l := n.Data.(*lock); l.drop.Load() && l.wanted() {
		e.without(n, true, false, func() {})
	}
}

// yielding has the lock change its holder, where a plain release would mostly be won back.
func (e *real) yield(n *task.Node) {
	if !e.traits.Unlocked && n.Data.(*lock).contended() {
		e.without(n, true, true, func() {})
	}
}

// without runs fn without the lock; forced and yielding as release has them. Stats counts the
// thread as waiting before it has given the lock up, and until it has it again.
func (e *real) without(n *task.Node, forced, yielding bool, fn func()) {
	e.setWaiting(n, true)
	if e.traits.Unlocked {
		defer e.setWaiting(n, false)
		fn()
		return
	}
	l := n.Data.(*lock)
	l.running.Store(nil)
	l.release(forced, yielding)
	// running is stored after take, and so only by the holder.
	defer func() { // also after a panic or Goexit of fn, which are the thread's
		l.take(n)
		l.running.Store(n)
		e.setWaiting(n, false)
	}()
	fn()
}

func (e *real) setWaiting(n *task.Node, waiting bool) {
	e.s.in.SetWaiting(n, waiting)
}

// compute burns real time. Only DoCompute looks for a checkpoint meanwhile: C code has none. The
// scale makes it longer, so that eyes can follow.
func (e *real) compute(n *task.Node, do Do, d time.Duration) {
	d = e.traits.slowed(do, d) * e.scale
	switch do {
	case DoRelease:
		e.without(n, false, false, func() { burn(d, func() {}) })
	case DoCompute:
		burn(d, func() { e.checkpoint(n) })
	default:
		burn(d, func() {})
	}
}

func (e *real) wait(ctx context.Context, n *task.Node, arm func(resume func())) (err error) {
	e.without(n, false, false, func() { err = task.Park(ctx, arm) })
	return err
}

func (e *real) acquire(
	ctx context.Context, n *task.Node, attempt func(resume func()) (over bool),
) (err error) {
	e.without(n, false, false, func() { err = parkUntil(ctx, task.Park, attempt) })
	return err
}

func (e *real) sleep(ctx context.Context, n *task.Node, d time.Duration) (err error) {
	e.without(n, false, false, func() { err = task.Sleep(ctx, d*e.scale) })
	return err
}

func (e *real) block(n *task.Node, fn func()) { e.without(n, false, false, fn) }

// eye is what a checkpoint of n looks at first.
func (e *real) eye(n *task.Node) *atomic.Bool {
	if e.traits.Unlocked {
		return &never
	}
	return &n.Data.(*lock).drop
}
