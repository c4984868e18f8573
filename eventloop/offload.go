package eventloop

import (
	"context"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// ErrView is [quartet.ErrView], the error of Shutdown and Close on Offload's view: only the
// executor's owner stops it.
var ErrView = quartet.ErrView

// Offload returns a view of ex (a pool or a process pool, for example) for use on the loop: a
// submit to it never waits. If ex has no room, the work waits on the loop's side, in order and
// without bound; a goroutine of the loop hands it over. Take the result back to the loop with
// [Then], or await it in a task. Run and Shutdown wait until the work is handed over or ex refuses
// it, which fails its future. Close abandons it with [quartet.ErrClosed]. The view may be used from
// any goroutine. It costs a goroutine switch and some allocations more than ex itself.
func (l *Loop) Offload(ex quartet.Executor) quartet.Executor {
	l.made()
	if ex == nil {
		panic("eventloop: Offload to a nil Executor")
	}
	return &outbox{loop: l, ex: ex}
}

// OffloadRunner is Offload for a Runner: the view takes closures too.
func (l *Loop) OffloadRunner(r quartet.Runner) quartet.Runner {
	l.made()
	if r == nil {
		panic("eventloop: OffloadRunner to a nil Runner")
	}
	return &runnerOutbox{outbox{loop: l, ex: r}}
}

// outbox holds the work on its way to another executor.
//
// One goroutine hands over, so that the tasks keep their order: they start at ex in the order in
// which they were submitted here. It lives only while something is queued.
//
// Each Offload makes one, so two views of one executor keep an order each, and none between them.
type outbox struct {
	loop *Loop
	ex   quartet.Executor

	// Guarded by the loop's lock.
	queue []*errand
	busy  bool // a goroutine hands the queue over
}

type runnerOutbox struct{ outbox }

// errand is a task in an outbox, or one that was handed over from there. Its context knows no
// model, since the goroutine that hands it over must not wait as the loop's task would.
//
// It has a context of its own, whose cancel Close calls: handing over may wait for room for as long
// as ctx allows.
type errand struct {
	quartet.Task
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// errandCall is an errand that can travel.
type errandCall struct {
	*errand
	call quartet.Call
}

var (
	_ quartet.Runner = (*runnerOutbox)(nil)
	_ quartet.Call   = (*errandCall)(nil)
)

func (o *outbox) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("eventloop", "SubmitCall", ctx, c)
	return o.submit(ctx, c)
}

func (o *runnerOutbox) SubmitTask(ctx context.Context, t quartet.Task) error {
	intake.NotNil("eventloop", "SubmitTask", ctx, t)
	return o.submit(ctx, t)
}

func (o *outbox) Shutdown(context.Context) error { return ErrView }

func (o *outbox) Close() error { return ErrView }

// Stats returns the numbers of the executor behind, as far as it has any.
func (o *outbox) Stats() quartet.Stats {
	if ex, ok := quartet.As[interface{ Stats() quartet.Stats }](o.ex); ok {
		return ex.Stats()
	}
	return quartet.Stats{}
}

func (o *outbox) Unwrap() quartet.Executor { return o.ex }

// submit queues t, unless ctx has ended or the loop is closing. An errand counts for Run (held) and
// for Shutdown (a hold of the intake) until it is handed over; from then on ex answers for it. It
// never blocks, so callbacks may call it.
func (o *outbox) submit(ctx context.Context, t quartet.Task) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l := o.loop
	// A submit by an unfinished task of the loop is part of that task, and accepted while the loop
	// drains.
	inside := task.Within(ctx, &l.in) != nil
	e := &errand{Task: t}
	e.ctx, e.cancel = context.WithCancelCause(quartet.Detach(ctx))
	l.in.Lock()
	defer l.in.Commit()
	if l.closed || l.in.DrainingLocked() && !inside {
		e.cancel(nil)
		return quartet.ErrClosed
	}
	l.in.HoldLocked()
	l.held++
	l.errands[e] = struct{}{}
	o.queue = append(o.queue, e)
	if !o.busy {
		o.busy = true
		l.helpers.Go(o.handOver)
	}
	return nil
}

// handOver submits the queued errands one after the other, and ends. No lock is held while ex
// decides. An errand counts until its Abandon has run, so that Shutdown returns after it.
func (o *outbox) handOver() {
	l := o.loop
	for {
		l.in.Lock()
		if len(o.queue) == 0 {
			o.queue, o.busy = nil, false
			l.in.Commit()
			return
		}
		e := o.queue[0]
		o.queue[0], o.queue = nil, o.queue[1:]
		l.in.Commit()
		if err := o.send(e); err != nil {
			l.in.Guard(func() { e.Abandon(err) })
		}
		l.in.Lock()
		delete(l.errands, e)
		l.in.ReleaseLocked(1)
		l.holdLocked(-1)
		l.in.Commit()
	}
}

// send may wait for room at ex, as far as e.ctx allows. A call keeps its name and input, so that ex
// may send it on.
func (o *outbox) send(e *errand) error {
	if c, ok := e.Task.(quartet.Call); ok {
		return o.ex.SubmitCall(e.ctx, &errandCall{e, c})
	}
	return o.ex.(quartet.Runner).SubmitTask(e.ctx, e)
}

// cancelErrandsLocked ends the contexts of errands that have not been handed over. The
// contexts are cancelled after the unlock, since that runs code of others. handOver then gets the
// refusal, and abandons.
func (l *Loop) cancelErrandsLocked() {
	for e := range l.errands {
		l.in.AfterLocked(func() { e.cancel(quartet.ErrClosed) })
	}
}

func (e *errand) Unwrap() quartet.Task { return e.Task }

// Run and Resolve end the errand's own context with the task: nothing else would. They are called
// where ex runs its tasks.
func (e *errand) Run(ctx context.Context) {
	defer e.cancel(nil)
	e.Task.Run(ctx)
}

// Abandon ends the task. Its future may have done so already, so it goes through the node, where
// there is one: that lets one of the two win.
func (e *errand) Abandon(cause error) {
	defer e.cancel(nil)
	if n, ok := quartet.As[task.Noder](e.Task); ok {
		n.Node().Abandon(cause)
	} else {
		e.Task.Abandon(cause)
	}
}

func (c *errandCall) Name() string { return c.call.Name() }

func (c *errandCall) AppendInput(dst []byte, codec quartet.Codec) ([]byte, error) {
	return c.call.AppendInput(dst, codec)
}

func (c *errandCall) Resolve(output []byte, codec quartet.Codec, err error) {
	defer c.cancel(nil)
	c.call.Resolve(output, codec, err)
}
