package eventloop

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/task"
)

// startOldest starts the oldest queued task as a fiber.
func (l *Loop) startOldest() {
	l.in.Lock()
	l.starts--
	n := l.in.Pop()
	l.in.Unlock()
	if n == nil { // it was abandoned meanwhile
		return
	}
	n.Model = (*run)(n)
	n.Data = l.newStrand()
	l.starting = n
	l.live++
	l.resume(n)
}

// runStarting is what a task's fiber runs.
func (l *Loop) runStarting() {
	n := l.starting
	l.own()
	n.Run()
}

// resume runs a task until it waits or ends.
func (l *Loop) resume(n *task.Node) {
	s := n.Data.(*strand)
	f := s.fiber
	if last := &l.turn.last; last.fn == nil && last.task == nil {
		last.task = n
	}
	l.current.Store(n)
	outcome := f.Resume()
	l.own()
	l.current.Store(nil)
	if outcome == fiber.Suspended {
		return
	}
	l.live--
	err := l.outcome(n, f, outcome)
	l.keep(s)
	n.End()
	l.in.Lock()
	l.in.End(n)
	l.in.Unlock()
	if err != nil {
		l.fail(err)
	}
}

// outcome returns how a bare task left without returning; a future has told its waiters and OnPanic already.
func (l *Loop) outcome(n *task.Node, f *fiber.Fiber, outcome fiber.Outcome) error {
	switch outcome {
	case fiber.Panicked:
		n.Failed = true
		return f.PanicError()
	case fiber.Exited:
		n.Failed = true
		if _, future := n.Job.(task.Noder); !future {
			return quartet.ErrGoexit
		}
	}
	return nil
}

// run is a node of the loop as the Model of its own task: a task that waits is suspended, and the loop goes on.
type run task.Node

var (
	_ quartet.Model = (*run)(nil)
	_ task.Helper   = (*run)(nil)
)

func (r *run) loop() *Loop { return r.Host.(*Loop) }

func (r *run) Executor() quartet.Executor { return r.loop() }

// wait is one suspension of a task.
type wait struct {
	node   *task.Node
	state  atomic.Uint32
	of     <-chan struct{} // the Done of its ctx
	mayCut func() bool     // asked before ctx's end cuts it; nil: it may

	awaited *task.Node // what it waits for, if that is a future
}

const (
	arming uint32 = iota // the task still runs
	suspended
	resumed
	cut // by the end of its ctx
)

// wake ends the wait, once, as resumed or cut. onLoop: the caller is the loop's goroutine, so that the task goes on as a
// microtask.
func (w *wait) wake(how uint32, onLoop bool) {
	if w.state.CompareAndSwap(arming, how) || !w.state.CompareAndSwap(suspended, how) {
		return
	}
	l := w.node.Host.(*Loop)
	if onLoop {
		l.microtasks.push(entry{wait: w})
		return
	}
	l.in.Lock()
	l.push(entry{wait: w})
	l.in.Unlock()
}

// Ended ends the wait as the awaited future has ended: on the loop, if that was a task of it which had started.
func (w *wait) Ended() {
	w.wake(resumed, w.awaited.Host == w.node.Host && w.awaited.Data != nil)
}

// cut ends the wait by the end of its ctx.
func (w *wait) cut() {
	if w.mayCut == nil || w.mayCut() {
		w.wake(cut, false)
	}
}

// mine reports whether the calling goroutine may be the task's: the task is the one that runs. A foreign goroutine that
// has the ctx of a task which waits or has ended just blocks.
func (r *run) mine() bool {
	l := r.loop()
	if l.current.Load() != (*task.Node)(r) {
		return false
	}
	l.checkGoroutine("a waiting word with a task's ctx (use quartet.Detach)")
	return true
}

// suspend gives the loop back until the wait that arm gets is woken, or ctx ends and mayCut, if any, allows it.
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
	}
	if w.state.Load() == cut {
		return context.Cause(ctx)
	}
	return nil
}

// yield switches to the loop, which resumes the task when a wait of its has been woken.
func (r *run) yield() {
	l, n := r.loop(), (*task.Node)(r)
	l.setWaiting(n, true)
	n.Data.(*strand).fiber.Suspend()
	l.own()
	l.setWaiting(n, false)
}

func (l *Loop) setWaiting(n *task.Node, waiting bool) {
	l.in.Lock()
	l.in.SetWaiting(n, waiting)
	l.in.Unlock()
}

// Suspend suspends the task; it goes on as a posted callback does.
func (r *run) Suspend(ctx context.Context, arm func(resume func())) error {
	if !r.mine() {
		return task.Park(ctx, arm)
	}
	return r.suspend(ctx, func(w *wait) {
		arm(func() { w.wake(resumed, false) })
	}, nil)
}

// AwaitTask is Suspend that goes on as a microtask when what it waits for ends on the loop.
func (r *run) AwaitTask(ctx context.Context, awaited task.Awaited) error {
	if !r.mine() {
		return awaited.Wait(ctx)
	}
	var w *wait
	err := r.suspend(ctx, func(armed *wait) {
		w, armed.awaited = armed, awaited.Node()
		awaited.Tell(w)
	}, nil)
	if err != nil && w != nil {
		awaited.Forget(w)
	}
	return err
}

// Sleep suspends the task until a timer of the loop fires.
func (r *run) Sleep(ctx context.Context, d time.Duration) error {
	if !r.mine() {
		return task.Sleep(ctx, d)
	}
	l := r.loop()
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

// Yield lets what is posted run first.
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
