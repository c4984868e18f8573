package executortest

import (
	"context"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause1Drain = []test{
	{"C1_OneOutcome/outside_refused_while_draining", 0, c1Draining},
	{"C1_OneOutcome/inside_accepted_while_draining", 0, c1Inside},
	{"C1_OneOutcome/descendants_accepted_while_draining", 0, c1Descendants},
	{"C1_OneOutcome/inside_refused_after_shutdown_ctx_ends", 0, c1InsideLate},
	{"C1_OneOutcome/inside_refused_after_close", 0, c1InsideClosed},
	{"C1_OneOutcome/ended_task_is_outside", 0, c1EndedTask},
	{"C1_OneOutcome/storm_shutdown", 0, stormShutdown},
	{"C1_OneOutcome/storm_close", 0, stormClose},
	{"C1_OneOutcome/storm_fanout", 0, stormFanout},
}

func c1Draining(e *env) {
	r := e.runner(Options{})
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	down := asideErr(func() error { return r.Shutdown(e.ctx()) })
	equal(e, "Shutdown has returned", down.ended(), false)
	var p probe
	is(e, "submit from outside", r.SubmitTask(background, &p), quartet.ErrClosed)
	g.open()
	_, err := o.wait(e)
	ok(e, "task", err)
	_, err = down.wait(e)
	ok(e, "Shutdown", err)
	p.want(e, "refused", 0, 0, nil)
}

// c1During runs submit in a task once end has begun and all is at rest.
func c1During(e *env, r quartet.Runner, end func() error, submit func(ctx context.Context) error) (task, ended error) {
	g := newGate()
	defer g.open()
	o := launch(background, r, func(ctx context.Context) (none, error) {
		g.wait(ctx)
		return none{}, submit(ctx)
	})
	down := asideErr(end)
	synctest.Wait()
	g.open()
	_, task = o.wait(e)
	_, ended = down.wait(e)
	return task, ended
}

func c1Inside(e *env) {
	r := e.runner(Options{})
	var bare probe
	task, down := c1During(e, r, func() error { return r.Shutdown(e.ctx()) }, func(ctx context.Context) error {
		if err := r.SubmitTask(context.WithoutCancel(ctx), &bare); err != nil { // it may start after its parent's end
			return err
		}
		v, err := quartet.Go(ctx, r, func(context.Context) (int, error) { return 7, nil }).Await(ctx)
		equal(e, "child", v, 7)
		return err
	})
	ok(e, "task that submits while draining", task)
	ok(e, "Shutdown", down)
	bare.want(e, "child of a task", 1, 0, nil)
}

func c1Descendants(e *env) {
	r := e.runner(Options{})
	const depth = 20
	var probes [depth]probe
	for i := range probes[:depth-1] {
		probes[i].fn = func(ctx context.Context) { // the parent does not wait: its child outlives it
			if err := r.SubmitTask(context.WithoutCancel(ctx), &probes[i+1]); err != nil {
				e.Errorf("generation %d: %v", i+1, err)
			}
		}
	}
	task, down := c1During(e, r, func() error { return r.Shutdown(e.ctx()) }, func(ctx context.Context) error {
		// The task's own ctx ends with the task, but the new task outlives it.
		return r.SubmitTask(context.WithoutCancel(ctx), &probes[0])
	})
	ok(e, "task", task)
	ok(e, "Shutdown", down)
	for i := range probes {
		probes[i].want(e, "descendant", 1, 0, nil)
	}
}

func c1InsideLate(e *env) {
	r := e.runner(Options{})
	var p probe
	ctx, cancel := context.WithCancelCause(background)
	cancel(errCause)
	var submitted error
	task, down := c1During(e, r, func() error { return r.Shutdown(ctx) }, func(ctx context.Context) error {
		submitted = r.SubmitTask(context.WithoutCancel(ctx), &p)
		return nil
	})
	ok(e, "task", task)
	is(e, "Shutdown", down, errCause)
	is(e, "submit from inside after Shutdown's ctx ended", submitted, quartet.ErrClosed)
	ok(e, "Close", r.Close())
	p.want(e, "refused", 0, 0, nil)
}

func c1InsideClosed(e *env) {
	r := e.runner(Options{})
	var p probe
	var submitted error
	task, closed := c1During(e, r, r.Close, func(ctx context.Context) error {
		submitted = r.SubmitTask(context.WithoutCancel(ctx), &p)
		return nil
	})
	ok(e, "task", task)
	ok(e, "Close", closed)
	is(e, "submit from inside after Close", submitted, quartet.ErrClosed)
	p.want(e, "refused", 0, 0, nil)
}

func c1EndedTask(e *env) {
	r := e.runner(Options{})
	var old context.Context
	_, err := launch(background, r, func(ctx context.Context) (none, error) {
		old = context.WithoutCancel(ctx)
		return none{}, nil
	}).wait(e)
	ok(e, "task", err)
	var p probe
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	down := asideErr(func() error { return r.Shutdown(e.ctx()) })
	synctest.Wait()
	is(e, "submit with the ctx of an ended task", r.SubmitTask(old, &p), quartet.ErrClosed)
	g.open()
	_, _ = o.wait(e)
	_, err = down.wait(e)
	ok(e, "Shutdown", err)
	p.want(e, "refused", 0, 0, nil)
}
