package executortest

import (
	"bytes"
	"context"
	"runtime"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause7Shutdown = []test{
	{"C7_Shutdown/waits_for_running_queued_and_waiting", queues, c7Waits},
	{"C7_Shutdown/waits_for_running", 0, c7Running},
	{"C7_Shutdown/waits_for_queued", queues, c7Queued},
	{"C7_Shutdown/ctx_ends/running_are_cancelled", 0, c7CtxRunning},
	{"C7_Shutdown/ctx_ends/waiting_are_cancelled", queues, c7CtxWaiting},
	{"C7_Shutdown/ctx_ends/queued_are_abandoned", queues, c7CtxQueued},
	{"C7_Shutdown/ctx_ends/close_waits_for_the_rest", 0, c7CtxThenClose},
	{"C7_Shutdown/idle_and_unused", calls, c7Idle},
	{"C7_Shutdown/idempotent", calls, c7Twice},
	{"C7_Shutdown/concurrent", 0, c7Concurrent},
	{"C7_Shutdown/inside", 0, c7Inside},
	{"C7_Shutdown/blocked_submitters_return", queues, c7Blocked},
	{"C7_Shutdown/nothing_is_left", 0, c7Left},
}

func c7Waits(e *env) {
	r := e.runner(Options{})
	release := make(chan none)
	waiting := &probe{fn: func(ctx context.Context) {
		ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) { go func() { <-release; resume() }() }))
	}}
	ok(e, "submit", r.SubmitTask(background, waiting))
	synctest.Wait()
	g := e.hold(r, e.size)
	var queued [10]probe
	for i := range queued {
		ok(e, "submit", r.SubmitTask(background, &queued[i]))
	}
	down := asideErr(func() error { return r.Shutdown(e.ctx()) })
	equal(e, "Shutdown has returned while tasks run", down.ended(), false)
	g.open()
	equal(e, "Shutdown has returned while a task waits", down.ended(), false)
	for i := range queued {
		queued[i].want(e, "queued", 1, 0, nil)
	}
	close(release)
	_, err := down.wait(e)
	ok(e, "Shutdown", err)
}

func c7Running(e *env) {
	r := e.runner(Options{})
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, ctx.Err() })
	down := asideErr(func() error { return r.Shutdown(e.ctx()) })
	equal(e, "Shutdown has returned", down.ended(), false)
	g.open()
	_, err := down.wait(e)
	ok(e, "Shutdown", err)
	_, err = o.wait(e)
	ok(e, "the task's ctx", err)
}

// c7Expire calls Shutdown with a ctx that ends after a second with errCause.
func c7Expire(e *env, r quartet.Runner) {
	e.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(background, time.Second, errCause)
	defer cancel()
	is(e, "Shutdown", r.Shutdown(ctx), errCause)
	equal(e, "Shutdown waited", time.Since(began), time.Second)
}

func c7CtxRunning(e *env) {
	r := e.runner(Options{})
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (none, error) {
		<-ctx.Done()
		g.wait(ctx) // does not hurry
		return none{}, errOther
	})
	c7Expire(e, r)
	synctest.Wait()
	equal(e, "the running task saw its ctx end", g.at.Load(), 1)
	equal(e, "the task has ended", o.ended(), false)
	g.open()
	_, err := o.wait(e)
	is(e, "what fn returned", err, errOther)
}

func c7CtxWaiting(e *env) {
	r := e.runner(Options{})
	f := quartet.Go(background, r, forever)
	synctest.Wait()
	c7Expire(e, r)
	_, err := await(e, f)
	equal(e, "the waiting task saw its ctx end", err != nil, true)
}

func c7CtxQueued(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	var queued [10]probe
	for i := range queued {
		ok(e, "submit", r.SubmitTask(background, &queued[i]))
	}
	f := quartet.Go(background, r, nothing)
	c7Expire(e, r)
	for i := range queued {
		queued[i].want(e, "queued", 0, 1, quartet.ErrClosed)
	}
	_, err := f.Result()
	is(e, "queued future", err, quartet.ErrClosed)
	g.open()
}

func c7CtxThenClose(e *env) {
	r := e.runner(Options{})
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	c7Expire(e, r)
	closed := asideErr(r.Close)
	equal(e, "Close has returned while a task runs", closed.ended(), false)
	g.open()
	_, err := closed.wait(e)
	ok(e, "Close", err)
	_, err = o.wait(e)
	ok(e, "task", err)
}

func c7Idle(e *env) {
	ok(e, "Shutdown", e.executor(Options{}).Shutdown(background))
	ok(e, "Close", e.executor(Options{}).Close())
}

func c7Twice(e *env) {
	ex := e.executor(Options{})
	_, err := identity.Do(background, ex, 1)
	ok(e, "call", err)
	for range 2 {
		ok(e, "Shutdown", ex.Shutdown(background))
	}
	for range 2 {
		ok(e, "Close", ex.Close())
	}
	ok(e, "Shutdown after Close", ex.Shutdown(background))
}

func c7Concurrent(e *env) {
	r := e.runner(Options{})
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, ctx.Err() })
	var downs []*outcome[none]
	for range 8 {
		downs = append(downs, asideErr(func() error { return r.Shutdown(e.ctx()) }))
	}
	for _, d := range downs {
		equal(e, "Shutdown has returned", d.ended(), false)
	}
	g.open()
	for _, d := range downs {
		_, err := d.wait(e)
		ok(e, "Shutdown", err)
	}
	_, err := o.wait(e)
	ok(e, "task", err)
}

func c7Inside(e *env) {
	r := e.runner(Options{})
	_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) {
		is(e, "Shutdown from inside", r.Shutdown(ctx), quartet.ErrInside)
		is(e, "submit from outside", r.SubmitTask(background, &probe{}), quartet.ErrClosed)
		v, err := quartet.Go(ctx, r, func(context.Context) (int, error) { return 5, nil }).Await(ctx)
		equal(e, "child", v, 5)
		return none{}, err
	})
	ok(e, "task goes on", err)
	is(e, "submit afterwards", r.SubmitTask(background, &probe{}), quartet.ErrClosed)
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
}

func c7Blocked(e *env) {
	r := e.runner(Options{Queue: 1})
	g := e.hold(r, e.size)
	ok(e, "submit", r.SubmitTask(background, &probe{}))
	var probes [10]probe
	var os []*outcome[none]
	for i := range probes {
		os = append(os, asideErr(func() error { return r.SubmitTask(background, &probes[i]) }))
	}
	synctest.Wait()
	down := asideErr(func() error { return r.Shutdown(e.ctx()) })
	for i, o := range os {
		equal(e, "blocked submitter has returned", o.ended(), true)
		is(e, "blocked submitter", o.err, quartet.ErrClosed)
		equal(e, "outcomes", probes[i].outcomes(), 0)
	}
	g.open()
	_, err := down.wait(e)
	ok(e, "Shutdown", err)
}

func c7Left(e *env) {
	for _, close := range []bool{false, true} {
		synctest.Wait()
		before := goroutines()
		r := e.runner(Options{})
		_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) {
			return quartet.Go(ctx, r, func(ctx context.Context) (none, error) {
				return none{}, quartet.Sleep(ctx, time.Second)
			}).Await(ctx)
		})
		ok(e, "task", err)
		if close {
			ok(e, "Close", r.Close())
		} else {
			ok(e, "Shutdown", r.Shutdown(background))
		}
		synctest.Wait()
		if n := goroutines(); n > before {
			e.Errorf("%d goroutines more than before", n-before)
		}
	}
}

func c7Queued(e *env) {
	r := e.runner(Options{})
	first, second := e.hold(r, e.size), newGate()
	e.Cleanup(second.open)
	for range e.size {
		ok(e, "submit", r.SubmitTask(background, quartet.TaskFunc(second.wait)))
	}
	down := asideErr(func() error { return r.Shutdown(e.ctx()) })
	equal(e, "Shutdown has returned while tasks are queued", down.ended(), false)
	first.open()
	equal(e, "Shutdown has returned while tasks run that were queued", down.ended(), false)
	equal(e, "tasks that were queued and run", second.at.Load(), int64(e.size))
	opened := time.Now()
	second.open()
	_, err := down.wait(e)
	ok(e, "Shutdown", err)
	equal(e, "time from the last task's end to Shutdown's", time.Since(opened), 0)
}

// goroutines counts the living goroutines of the caller's bubble. runtime.NumGoroutine would count
// all of the process, and those that are dead and not yet put away.
func goroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	own, _, _ := bytes.Cut(stacks, []byte("]:"))
	bubble := own[bytes.LastIndex(own, []byte("synctest bubble")):]
	return bytes.Count(stacks, append(bubble[:len(bubble):len(bubble)], "]:"...))
}
