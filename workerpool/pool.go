package workerpool

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// Pool runs tasks on at most Config.Workers goroutines at once. Make one with [New]. All methods
// may be called from any goroutine, but Close not from inside a task of the pool. It is a
// [quartet.Runner].
type Pool struct {
	// in has the lock that guards the pool, and counts calls that begin without it. Slots are
	// counted in two places: slots here, for workers and for calls that took the lock, and in's
	// callers, for Do calls that did not. Their sum never exceeds cfg.Workers, except after a
	// Resize to fewer, and is asked for by slotsLocked alone.
	in  intake.Intake
	cfg Config
	// dismiss waits for it: workers, and a reap that is due.
	exited sync.WaitGroup // one per goroutine of the pool
	called atomic.Bool    // something has come since a worker began to linger

	// Guarded by in's lock.
	// Written by whoever takes or gives a slot; workers count theirs from takeLocked, or from the
	// send, to giveBackLocked.
	slots     int       // taken: by running tasks, but for calls that began without the lock
	returning returners // started tasks that need a slot again; they come before queued ones
	idle      []*worker // parked, the one parked last at the end
	reaper    *time.Timer
	reaping   bool
	searcher  *worker    // on its way to the queue, or lingering; nil: none
	handed    *task.Node // what the searcher is to run first; nil without a searcher
	// Of the pool's own keys. A Limit has keys of its own.
	keys     intake.Keys
	lanes    []int32           // free below nextLane, so that pictures have as few lanes as workers
	byLane   map[int32]*worker // the workers that live
	nextLane int32
}

var _ quartet.Runner = (*Pool)(nil)

// New returns a pool; it starts no goroutine yet. It panics when a size is negative, naming the
// field.
func New(cfg Config) *Pool {
	intake.Must(cfg.check())
	noQueue := cfg.Queue == NoQueue
	cfg.setDefaults()
	p := &Pool{cfg: cfg, keys: make(intake.Keys)}
	p.byLane = make(map[int32]*worker)
	ic := intake.Config{
		Package: "workerpool", Name: cfg.Name, Logger: cfg.Logger, Around: cfg.Around, Host: p,
		Model: func(n *task.Node) any { return (*run)(n) },
		Ready: p.dispatchLocked, Adopted: p.adoptedLocked, Regained: p.regainedLocked, Free: p.freeLocked, Soon: true,
		Consumer: p.consumerLocked, Goroutine: p.goroutineLocked, Slots: p.workersLocked, Calls: p.callsLocked,
		Leaves: !noQueue, NoQueue: noQueue,
		RejectLate: cfg.RejectLate, LateShare: cfg.LateShare,
		Queue: cfg.Queue, InFlight: cfg.InFlight, Full: cfg.Saturation,
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	}
	if c := cfg.Clock; c != nil {
		// Under a Clock only one goroutine runs at a time, in the clock's order; ways that take no
		// lock would start tasks past that order.
		ic.Now, ic.AfterFunc, ic.Timeless, ic.Leaves = c.Now, c.afterEnd, true, false
		ic.Adopted = nil
	}
	p.in.Init(ic)
	return p
}

// made panics when New has not made p. The zero Pool has no intake that was initialised, and would
// fail later and less clearly.
func (p *Pool) made() {
	if p == nil || p.keys == nil {
		panic("workerpool: a Pool that New has not made")
	}
}

// Watch has the steps of the tasks sent to o, besides Config.Observer, until stop is called. While
// somebody watches, Go and TryGo take the pool's lock. It panics on a nil o.
func (p *Pool) Watch(o quartet.Observer) (stop func()) {
	p.made()
	return p.in.Watch(o)
}

// Tasks lists unfinished tasks, the first accepted first, at most so many: those that are queued,
// or those that have started. Functions given to Go and TryGo are not listed.
func (p *Pool) Tasks(queued bool, most int) []quartet.TaskStatus {
	p.made()
	return p.in.Tasks(queued, most)
}

// SubmitTask hands t over. It returns [quartet.ErrClosed], [quartet.ErrSaturated] or the cause of
// ctx's end when t is refused. It waits for room where Config.Saturation is Wait; a task of this
// pool lends its slot meanwhile.
func (p *Pool) SubmitTask(ctx context.Context, t quartet.Task) error {
	p.made()
	intake.NotNil("workerpool", "SubmitTask", ctx, t)
	return p.submit(task.Of(ctx, t), nil, p)
}

// SubmitCall is SubmitTask for a call of a named function.
func (p *Pool) SubmitCall(ctx context.Context, c quartet.Call) error {
	p.made()
	intake.NotNil("workerpool", "SubmitCall", ctx, c)
	return p.submit(task.Of(ctx, c), nil, p)
}

// Go runs fn on the pool. It allocates nothing. It returns [quartet.ErrClosed], or
// [quartet.ErrSaturated] when there is no room; where Config.Saturation is Wait it waits for room,
// without a limit. It is for leaves: fn has no context, so it must neither wait on this pool nor
// submit to it; SubmitTask and [quartet.Go] do that.
func (p *Pool) Go(fn func()) error {
	p.made()
	if fn == nil {
		panic("workerpool: Go of a nil func")
	}
	return p.in.SubmitFunc(fn, false)
}

// TryGo is Go that never waits: it returns false when the pool has no room, or is closed.
func (p *Pool) TryGo(fn func()) bool {
	p.made()
	if fn == nil {
		panic("workerpool: TryGo of a nil func")
	}
	return p.in.SubmitFunc(fn, true) == nil
}

// Resize sets how many tasks run at once. A larger number acts at once, also for submitters that
// wait for room; a smaller one interrupts nobody: it holds when as many tasks have ended as are too
// many. No more idle workers are kept then, whatever Config.MinWorkers says. It panics when workers
// is less than 1.
func (p *Pool) Resize(workers int) {
	p.made()
	if workers < 1 {
		panic(fmt.Sprintf("workerpool: Resize(%d): a pool needs a worker", workers))
	}
	p.in.Lock()
	p.cfg.Workers = workers
	for len(p.idle) > workers { // more than ever run at once
		oldest := p.idle[0]
		p.idle = p.idle[1:]
		p.sendHomeLocked(oldest)
	}
	p.in.MakeRoomLocked()
	p.in.Commit()
}

// ExpectedWait estimates how long a task submitted to the pool now would wait for its start. It
// counts the queued tasks, the last 128 run times, and how long the running tasks have run already.
// The run times are those of Stats, sampled unless Config.ExactTimes or RejectLate is set. Before
// the first one has been measured, the oldest task's time so far stands for it. Views have an
// ExpectedWait of their own.
func (p *Pool) ExpectedWait() time.Duration {
	p.made()
	p.in.Lock()
	defer p.in.Unlock()
	return p.in.ExpectedWaitLocked()
}

// Name returns Config.Name, or its default.
func (p *Pool) Name() string {
	p.made()
	return p.in.Name()
}

// Stats returns a snapshot of the pool's numbers.
func (p *Pool) Stats() quartet.Stats {
	p.made()
	return p.in.Stats()
}

// Shutdown refuses new work from outside and waits until all that was accepted has ended. When ctx
// ends first, it cancels the contexts of the tasks that have started, abandons the queued ones with
// [quartet.ErrClosed], and returns ctx's cause without waiting further. With the ctx of a task of
// this pool it begins the shutdown and returns [quartet.ErrInside]. At its nil return no goroutine
// or timer of the pool is left.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.made()
	// Under a Clock somebody has to let the tasks run while Shutdown waits. A ctx that has ended
	// waits for nothing.
	if ctx != nil && ctx.Err() == nil {
		defer p.driving()()
	}
	if err := p.in.Drain(ctx); err != nil {
		return err
	}
	p.besideTurn(ctx, p.dismiss)
	return nil
}

// Close abandons queued tasks and cancels started ones, with cause [quartet.ErrClosed], and waits
// until no goroutine or timer of the pool is left. It must not be called from inside a task of the
// pool. The error is always nil.
func (p *Pool) Close() error {
	p.made()
	// Before driving: no task may begin that Close is about to abandon.
	p.in.Cancel()
	defer p.driving()()
	p.in.CancelAndWait()
	p.dismiss()
	return nil
}
