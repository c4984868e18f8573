package quartet

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// Inline returns a Runner that runs each task inside the submit, on the submitter's goroutine: the
// baseline of every comparison, and the simplest test double. A submit returns when its task has
// ended, nothing is ever queued, and as many tasks run at once as there are callers. A task waits
// as its submitter's own model waits, and blocks the goroutine where there is none. A panic of a
// bare task is the submitter's.
//
// It keeps nothing between tasks but its numbers, and needs no Close.
func Inline() Runner {
	x := &inline{live: make(map[*task.Node]struct{})}
	// x is its own Owner and Host: it answers for its nodes, and stands for itself in their
	// contexts.
	x.home.Open(x, x, func(n *task.Node) any { return (*inlineRun)(n) })
	return x
}

// It shares no code with package intake: a task never queues here, and a baseline should carry
// nothing that it does not need.
//
// Lock order: mu, and nothing under it. Cancel of a node, the hooks of an observer and all code of
// tasks run without it.
type inline struct {
	home task.Home
	// mu guards the fields below. It is not held while a task runs.
	mu      sync.Mutex
	closing bool // submits from outside are refused
	closed  bool // all are
	// All tasks that run, by their nodes, for cancel. Each is there from accept to end.
	live    map[*task.Node]struct{}
	stats   Stats
	drained resumes

	watching watching
}

func (x *inline) SubmitCall(ctx context.Context, c Call) error {
	if c == nil {
		panic("quartet: SubmitCall of a nil Call")
	}
	return x.SubmitTask(ctx, c)
}

func (x *inline) SubmitTask(ctx context.Context, t Task) error {
	if f, ok := t.(TaskFunc); t == nil || ok && f == nil {
		panic("quartet: SubmitTask of a nil Task")
	}
	needs("SubmitTask", ctx, x)
	n := task.Of(ctx, t)
	if err := x.accept(n); err != nil {
		return err
	}
	// The times of an Inline are exact: the clock is read for each task.
	returned, start := false, time.Now()
	defer func() {
		if !returned {
			n.Fail()
		}
		x.end(n, time.Since(start))
	}()
	x.tell(n, EventQueued, EventStarted)
	n.Run()
	// A panic or Goexit of a bare task goes on to the submitter, through the deferred end: it is a
	// plain call there.
	returned = true
	return nil
}

// The claim is under the lock, with the entry in live, so that a cancel finds each task that it has
// to end. Settle comes before Claim: from then on a Cancel asks x, as the node's owner, and finds a
// started task.
func (x *inline) accept(n *task.Node) error {
	within := task.Within(n.Submitter(), x)
	err := context.Cause(n.Parent())
	if x.watching.on() { // before the lock: a context's Value is the user's
		n.Name(task.LabelOf(n.Parent()))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	// A closed executor says so whatever has become of ctx.
	if x.closed || x.closing && within == nil {
		err = ErrClosed
	}
	if err != nil {
		x.stats.Rejected++
		return err
	}
	n.Settle(&x.home)
	// Before the claim, as the flags of a node must not change once it has started.
	n.Flags |= task.OnCaller
	if !n.Claim() {
		x.stats.Rejected++
		return context.Cause(n.Context())
	}
	x.live[n] = struct{}{}
	x.stats.Submitted++
	x.stats.Running++
	// Numbers begin with 1, in the order of acceptance.
	n.Seq = x.stats.Submitted
	x.watchLocked(n)
	return nil
}

// The future has ended before; waiters in Shutdown are resumed after the unlock.
func (x *inline) end(n *task.Node, took time.Duration) {
	// Before the lock: End cancels the task's context, whose callbacks may submit here again.
	n.End()
	x.tell(n, EventEnded)
	x.mu.Lock()
	x.unwatchLocked(n)
	x.stats.RunTime.Observe(took)
	x.stats.Running--
	if n.HasFailed() {
		x.stats.Failed++
	} else {
		x.stats.Done++
	}
	delete(x.live, n)
	var waiting []func()
	if len(x.live) == 0 {
		waiting = x.drained.take()
	}
	x.mu.Unlock()
	for _, resume := range waiting {
		resume()
	}
}

// Drop implements task.Owner. A task starts when it is accepted, so there is nothing to drop.
func (x *inline) Drop(n *task.Node, cause error) { n.Job.Abandon(cause) }

// Unseen implements task.Owner.
func (x *inline) Unseen() *slog.Logger { return slog.Default() }

// Panicked implements task.Owner. There is no OnPanic, so a panic that nobody else gets is
// repeated.
func (x *inline) Panicked(err error, observed bool) {
	if !observed {
		panic(err)
	}
}

func (x *inline) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stats
}

func (x *inline) Shutdown(ctx context.Context) error {
	needs("Shutdown", ctx, x)
	inside := task.Within(ctx, x) != nil
	x.mu.Lock()
	x.closing = true
	x.mu.Unlock()
	if inside {
		return ErrInside
	}
	if err := x.wait(ctx); err != nil {
		x.cancel()
		return err
	}
	return nil
}

func (x *inline) Close() error {
	x.cancel()
	return x.wait(context.Background())
}

// The nodes are copied under mu and cancelled after it, since Cancel runs the callbacks of their
// contexts. One that begins in between is refused, as closed is set.
func (x *inline) cancel() {
	x.mu.Lock()
	x.closing, x.closed = true, true
	live := make([]*task.Node, 0, len(x.live))
	for n := range x.live {
		live = append(live, n)
	}
	x.mu.Unlock()
	for _, n := range live {
		n.Cancel(ErrClosed)
	}
}

// wait waits until no task is left, which wins over ctx's end. It looks again after each wake-up,
// as tasks may submit others while it waits.
func (x *inline) wait(ctx context.Context) error {
	for {
		x.mu.Lock()
		left := len(x.live)
		x.mu.Unlock()
		if left == 0 {
			return nil
		}
		var entry *resumption
		err := Suspend(ctx, func(resume func()) { entry = x.arm(resume) })
		if err != nil {
			x.mu.Lock()
			x.drained.remove(entry)
			x.mu.Unlock()
			return err
		}
	}
}

// As Group's arm: the look and the entry are one section, so the last task either finds the waiter,
// or has ended before the look.
func (x *inline) arm(resume func()) *resumption {
	x.mu.Lock()
	if len(x.live) > 0 {
		defer x.mu.Unlock()
		return x.drained.add(resume)
	}
	x.mu.Unlock()
	resume()
	return nil
}

// inlineRun is a node as the Model of its own task: it waits as the submitter's model does. A task
// may run under two models at once, its own and that of the submitter whose goroutine it uses;
// outer is the second. Its methods run on the submitter's goroutine, or on a foreign one with the
// task's context.
//
// A wait by the submitter's model is right for two reasons: that model's goroutine is the one that
// runs here, and what it serialises by must not be kept while the task waits.
type inlineRun task.Node

func (r *inlineRun) Executor() Executor { return (*task.Node)(r).Host().(*inline) }

// It is looked up at each wait and not kept: the task around may have ended, if the task's context
// has outlived it.
func (r *inlineRun) outer() Model {
	m, _ := (*task.Node)(r).Outer(task.ModelKey).(Model)
	return m
}

func (r *inlineRun) Suspend(ctx context.Context, arm func(resume func())) error {
	return r.waits(func() error {
		if m := r.outer(); m != nil {
			return m.Suspend(ctx, arm)
		}
		return task.Park(ctx, arm)
	})
}

func (r *inlineRun) Sleep(ctx context.Context, d time.Duration) error {
	return r.waits(func() error {
		if m := r.outer(); m != nil {
			return m.Sleep(ctx, d)
		}
		return task.Sleep(ctx, d)
	})
}

// Block is no wait for observers: fn runs in the task.
func (r *inlineRun) Block(ctx context.Context, fn func()) error {
	if m := r.outer(); m != nil {
		return m.Block(ctx, fn)
	}
	return task.Block(ctx, fn)
}

func (r *inlineRun) Lend(ctx context.Context, fn func()) error { return lend(ctx, r.outer(), fn) }

func (r *inlineRun) Yield(ctx context.Context) {
	if m := r.outer(); m != nil {
		m.Yield(ctx)
		return
	}
	runtime.Gosched()
}

// inlineName is what events call every [Inline].
const inlineName = "inline"

// watching are those who see the steps of an [Inline]'s tasks. Its zero value is ready: nobody
// looks. It does less than the intake's observers: events are told at once, as no lock is held
// there.
type watching struct {
	observers atomic.Pointer[[]*watcher] // a list is never changed, but replaced under the executor's lock
	// Its length is the most tasks that were watched at once.
	lanes []bool // taken; under the executor's lock
}

// watcher is an observer. Its address tells two equal ones apart.
type watcher struct{ Observer }

// on reports whether anybody looks.
func (w *watching) on() bool { return w.observers.Load() != nil }

// laneLocked returns the smallest free lane, and takes it. The smallest, so that a picture of calls
// one after the other has one lane.
func (w *watching) laneLocked() int32 {
	i := slices.Index(w.lanes, false)
	if i < 0 {
		i = len(w.lanes)
		w.lanes = append(w.lanes, false)
	}
	w.lanes[i] = true
	return int32(i)
}

// Name returns what events call x.
func (x *inline) Name() string { return inlineName }

// Watch has the steps of the tasks that start from now on sent to o, on the goroutines that run
// them, until stop is called. A lane is one of the tasks that run at once.
func (x *inline) Watch(o Observer) (stop func()) {
	if o == nil {
		panic("quartet: Watch of a nil Observer")
	}
	mine := &watcher{o}
	x.changeWatchers(func(all []*watcher) []*watcher { return append(slices.Clip(all), mine) })
	return func() {
		x.changeWatchers(func(all []*watcher) []*watcher {
			return slices.DeleteFunc(slices.Clone(all), func(w *watcher) bool { return w == mine })
		})
	}
}

// A list is replaced and never changed, so that tell reads it without the lock.
func (x *inline) changeWatchers(change func([]*watcher) []*watcher) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []*watcher
	if now := x.watching.observers.Load(); now != nil {
		all = *now
	}
	if all = change(all); len(all) == 0 {
		x.watching.observers.Store(nil)
		return
	}
	x.watching.observers.Store(&all)
}

// watchLocked prepares an accepted task for those who look. Lane -1 marks a task that nobody
// watched from its start: its later steps are not told either.
func (x *inline) watchLocked(n *task.Node) {
	n.Lane = -1
	if x.watching.on() {
		n.Lane = x.watching.laneLocked()
	}
}

// unwatchLocked gives the lane of a task back that has ended.
func (x *inline) unwatchLocked(n *task.Node) {
	if n.Lane >= 0 {
		x.watching.lanes[n.Lane] = false
	}
}

// tell tells the observers of a step of a task. They hear nothing of a task that started before
// anybody looked. It is called without mu. Kinds of one call share one reading of the clock.
func (x *inline) tell(n *task.Node, kinds ...EventKind) {
	to := x.watching.observers.Load()
	if to == nil || n.Lane < 0 {
		return
	}
	now := time.Now()
	for _, kind := range kinds {
		for _, o := range *to {
			o.Observe(Event{
				Kind: kind, Executor: inlineName, Lane: int(n.Lane), Task: n.Seq, Label: n.Label(), At: now,
				Failed: kind == EventEnded && n.HasFailed(),
			})
		}
	}
}

// waits tells those who look that the task waits while wait runs.
func (r *inlineRun) waits(wait func() error) error {
	n := (*task.Node)(r)
	x := n.Host().(*inline)
	if !x.watching.on() {
		return wait()
	}
	x.tell(n, EventSuspended)
	defer x.tell(n, EventResumed)
	return wait()
}
