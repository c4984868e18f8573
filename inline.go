package quartet

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// Inline returns a Runner that runs each task inside the submit, on the submitter's goroutine: the baseline of every
// comparison, and the simplest test double. A submit returns when its task has ended, nothing is ever queued, and as many
// tasks run at once as there are callers. A task waits as its submitter's own model waits, and blocks the goroutine where
// there is none. A panic of a bare task is the submitter's.
func Inline() Runner {
	return &inline{live: make(map[*task.Node]struct{})}
}

type inline struct {
	mu      sync.Mutex
	closing bool // submits from outside are refused
	closed  bool // all are
	live    map[*task.Node]struct{}
	stats   Stats
	drained []func()
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
	n := task.Of(ctx, t)
	if err := x.accept(n); err != nil {
		return err
	}
	returned, start := false, time.Now()
	defer func() {
		n.Failed = n.Failed || !returned
		x.end(n, time.Since(start))
	}()
	n.Run()
	returned = true
	return nil
}

func (x *inline) accept(n *task.Node) error {
	within := task.Within(n.Parent(), x)
	err := context.Cause(n.Parent())
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed || x.closing && within == nil {
		err = ErrClosed
	}
	if err != nil {
		x.stats.Rejected++
		return err
	}
	n.Owner, n.Host, n.Model = x, x, (*inlineRun)(n)
	n.Claim()
	x.live[n] = struct{}{}
	x.stats.Submitted++
	x.stats.Running++
	return nil
}

func (x *inline) end(n *task.Node, took time.Duration) {
	n.End()
	x.mu.Lock()
	x.stats.RunTime.Observe(took)
	x.stats.Running--
	if n.Failed {
		x.stats.Failed++
	} else {
		x.stats.Done++
	}
	delete(x.live, n)
	var drained []func()
	if len(x.live) == 0 {
		drained, x.drained = x.drained, nil
	}
	x.mu.Unlock()
	for _, wake := range drained {
		wake()
	}
}

// Drop implements task.Owner. A task starts as it is accepted, so there is nothing to drop.
func (x *inline) Drop(n *task.Node, cause error) { n.Job.Abandon(cause) }

// Panicked implements task.Owner.
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

// wait waits until no task is left, which wins over ctx's end.
func (x *inline) wait(ctx context.Context) error {
	for {
		x.mu.Lock()
		left := len(x.live)
		x.mu.Unlock()
		if left == 0 {
			return nil
		}
		if err := Suspend(ctx, x.arm); err != nil {
			return err
		}
	}
}

func (x *inline) arm(resume func()) {
	x.mu.Lock()
	if len(x.live) > 0 {
		x.drained = append(x.drained, resume)
		resume = nil
	}
	x.mu.Unlock()
	if resume != nil {
		resume()
	}
}

// inlineRun is a node as the Model of its own task: it waits as the submitter's model does.
type inlineRun task.Node

func (r *inlineRun) Executor() Executor { return r.Host.(*inline) }

func (r *inlineRun) outer() Model { return modelOf((*task.Node)(r).Parent()) }

func (r *inlineRun) Suspend(ctx context.Context, arm func(resume func())) error {
	if m := r.outer(); m != nil {
		return m.Suspend(ctx, arm)
	}
	return task.Park(ctx, arm)
}

func (r *inlineRun) Sleep(ctx context.Context, d time.Duration) error {
	if m := r.outer(); m != nil {
		return m.Sleep(ctx, d)
	}
	return task.Sleep(ctx, d)
}

func (r *inlineRun) Block(ctx context.Context, fn func()) error {
	if m := r.outer(); m != nil {
		return m.Block(ctx, fn)
	}
	return block(ctx, fn)
}

func (r *inlineRun) Yield(ctx context.Context) {
	if m := r.outer(); m != nil {
		m.Yield(ctx)
		return
	}
	runtime.Gosched()
}
