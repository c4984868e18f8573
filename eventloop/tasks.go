package eventloop

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// startOldest starts the oldest queued task as a fiber. l.starting passes the task to runStarting:
// a closure for each task would be an allocation. Its entry was counted in starts when it was
// posted.
func (l *Loop) startOldest() {
	l.in.Lock()
	l.starts--
	n := l.in.PopLocked()
	l.in.Commit()
	if n == nil { // it was abandoned meanwhile
		return
	}
	s := l.newStrand()
	s.task, n.Data = n, s
	l.starting = n
	l.live++
	l.resume(n)
}

// runStarting is what a task's fiber runs. A fiber that is reused runs it again for each task.
func (l *Loop) runStarting() {
	n := l.starting
	s := n.Data.(*strand)
	s.goroutine.Store(numberOf(s.fiber))
	n.Run()
}

// resume switches to the fiber of n's task until that waits or ends. It runs on the driver's
// coroutine. current is set for that time only: by it the waiting words know that they were called
// by the task itself, and the watchdog names it.
func (l *Loop) resume(n *task.Node) {
	s := n.Data.(*strand)
	f := s.fiber
	if last := &l.turn.last; last.fn == nil && last.task == nil {
		last.task = n
	}
	l.current.Store(n)
	l.breath = breath{}
	outcome := f.Resume()
	l.current.Store(nil)
	if outcome == fiber.Suspended {
		return
	}
	l.live--
	// n may be a nested call, whose wait was the last to be resumed. The task that has ended is the
	// fiber's own.
	n = s.task // a call that it made may have been the last to wait
	err := l.outcome(n, f, outcome)
	l.keep(s)
	n.End()
	l.in.End(n)
	if err != nil {
		l.fail(err)
	}
}

// outcome returns the error of a bare task that did not return. A future has told its waiters and
// OnPanic already. A panic that a future carries never gets here: the future's Run recovers it.
func (l *Loop) outcome(n *task.Node, f *fiber.Fiber, outcome fiber.Outcome) error {
	switch outcome {
	case fiber.Panicked:
		n.Fail()
		return f.PanicError()
	case fiber.Exited:
		n.Fail()
		if !intake.IsFuture(n) {
			return quartet.ErrGoexit
		}
	}
	return nil
}

// run is a node of the loop as the Model of its task. A task that waits is suspended, and the loop
// goes on. The conversion costs nothing, where a type of its own would be one more allocation for
// each task.
type run task.Node

var (
	_ quartet.Model = (*run)(nil)
	_ task.Helper   = (*run)(nil)
)

func (r *run) loop() *Loop { return (*task.Node)(r).Host().(*Loop) }

func (r *run) Executor() quartet.Executor { return r.loop() }

// wait is one suspension of a task. It is used once, so that a wake that comes too late, by a timer
// or a resume kept too long, finds it ended and does nothing.
type wait struct {
	node   *task.Node
	state  atomic.Uint32
	of     <-chan struct{} // Done of its ctx
	mayCut func() bool     // asked before the end of ctx cuts the wait; nil: it may

	hook    task.Hook  // in the awaited future
	awaited *task.Node // the awaited future's; nil: it waits for something else
}

const (
	// A wait moves from arming to suspended, resumed or cut, and from suspended to resumed or cut,
	// each by a compare-and-swap. Whoever makes the move to resumed or cut has ended the wait, and
	// is the only one.
	arming uint32 = iota // the task still runs
	suspended
	resumed
	cut // by the end of its ctx
)

// wake ends the wait, once, as resumed or cut, from any goroutine and under no lock. A task that is
// still arming needs no entry: suspend finds the state changed, and does not switch at all. onLoop
// says that the caller is on the loop's goroutine; the task continues as a microtask then, as an
// await does in JavaScript.
func (w *wait) wake(how uint32, onLoop bool) {
	if w.state.CompareAndSwap(arming, how) || !w.state.CompareAndSwap(suspended, how) {
		return
	}
	l := w.node.Host().(*Loop)
	if onLoop {
		l.microtasks.push(entry{wait: w})
		return
	}
	l.in.Lock()
	l.pushLocked(entry{wait: w})
	l.in.Commit()
}

// Ended implements task.Listener. It is called on the loop if the awaited future was a task of the
// loop that had started (Data is its strand). Any other one may end on any goroutine, and the task
// continues in the posted phase.
func (w *wait) Ended() {
	w.wake(resumed, w.awaited.Host() == w.node.Host() && w.awaited.Data != nil)
}

// cut ends the wait by the end of its ctx. mayCut decides under the lock of whatever the wait waits
// for, so that a function in Block which has begun is waited for to its end.
func (w *wait) cut() {
	if w.mayCut == nil || w.mayCut() {
		w.wake(cut, false)
	}
}

// mine reports whether the task is the one that runs now, so that the calling goroutine may be the
// task's. A foreign goroutine with the ctx of a task that waits or has ended blocks by itself.
//
// Comparing current with the task costs a load; the number of the goroutine, which would be exact,
// costs microseconds, and is asked for under Debug only. The price: a foreign goroutine that uses
// the ctx of a task at the moment when that task runs is taken for the task.
func (r *run) mine() bool {
	l := r.loop()
	if l.current.Load() != (*task.Node)(r) {
		return false
	}
	l.checkGoroutine("a waiting word with a task's ctx (use quartet.Detach)")
	return true
}

// suspend gives the loop back until the wait given to arm is woken, or ctx ends and mayCut allows
// the cut.
//
// Order matters. The watch is on before arm, since the end of ctx has to find it. The wait is
// published in s.wait only after arm, so that a cut never meets a wait that is half armed; the look
// at ctx after that catches an end in between. The last step to suspended decides against every
// wake so far.
func (r *run) suspend(ctx context.Context, arm func(w *wait), mayCut func() bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s := r.Data.(*strand)
	s.watch.On(ctx, s)
	w := &wait{node: (*task.Node)(r), of: ctx.Done(), mayCut: mayCut}
	arm(w)
	if w.of != nil {
		s.wait.Store(w)
		if ctx.Err() != nil { // perhaps before the watch could see w
			w.cut()
		}
	}
	if w.state.CompareAndSwap(arming, suspended) {
		r.yield()
		// A chain of such waits never leaves the fiber, and would starve the loop as an endless
		// loop does.
	} else if r.loop().outOfBreath() { // it was over before it began
		r.Yield(ctx)
	}
	if w.state.Load() == cut {
		return context.Cause(ctx)
	}
	return nil
}

// yield switches to the loop. The loop resumes the task when its wait has been woken. The intake
// counts the task as waiting from before the switch until after it, so that Stats never counts two
// as running. The lock is not held over the switch.
func (r *run) yield() {
	l, n := r.loop(), (*task.Node)(r)
	l.setWaiting(n, true)
	n.Data.(*strand).fiber.Suspend()
	l.setWaiting(n, false)
}

// setWaiting counts n as waiting, or as running again. It takes the lock, and its effects may post.
// It is called on the loop's goroutine, by the task's fiber.
func (l *Loop) setWaiting(n *task.Node, waiting bool) {
	l.in.SetWaiting(n, waiting)
}

// Suspend suspends the task. It continues in the posted phase, wherever resume is called: a resume
// may come from inside a callback whose own work should go on first. A goroutine that is not the
// task's parks.
func (r *run) Suspend(ctx context.Context, arm func(resume func())) error {
	if !r.mine() {
		return task.Park(ctx, arm)
	}
	return r.suspend(ctx, func(w *wait) {
		arm(func() { w.wake(resumed, false) })
	}, nil)
}

// AwaitTask is Suspend for a future. If the future ends on the loop, the task continues as a
// microtask. The hook lies in the wait, so an await allocates nothing besides that.
func (r *run) AwaitTask(ctx context.Context, awaited task.Awaited) error {
	if !r.mine() {
		return awaited.Wait(ctx)
	}
	var w *wait
	err := r.suspend(ctx, func(armed *wait) {
		w, armed.awaited, armed.hook.Listener = armed, awaited.Node(), armed
		awaited.Tell(&w.hook)
	}, nil)
	if err != nil && w != nil {
		// A future that lives long must not keep the waits of all who once gave up.
		awaited.Forget(&w.hook)
	}
	return err
}

// Sleep suspends the task until a timer of the loop fires.
func (r *run) Sleep(ctx context.Context, d time.Duration) error {
	if !r.mine() {
		return task.Sleep(ctx, d)
	}
	l := r.loop()
	// task: the sleep counts as its task, and not as a timer that keeps Run.
	timer := &Timer{loop: l, task: true}
	err := r.suspend(ctx, func(w *wait) {
		timer.fn = func() { w.wake(resumed, true) }
		timer.Reset(d)
	}, nil)
	if err != nil {
		timer.Stop()
	}
	return err
}

// Yield lets the posted callbacks run first. It makes a wait that is suspended and woken at once,
// whose entry stands behind all posts so far. No ctx ends it: it takes one turn at most.
func (r *run) Yield(context.Context) {
	if !r.mine() {
		runtime.Gosched()
		return
	}
	w := &wait{node: (*task.Node)(r)}
	w.state.Store(suspended)
	w.wake(resumed, false)
	r.yield()
}
