package executortest

import (
	"context"
	"sync"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause3 = []test{
	{"C3_Future/value_and_error_arrive", 0, c3Values},
	{"C3_Future/ends_only_when_fn_has_returned", queues, c3Ends},
	{"C3_Future/do_returns_only_when_fn_has_returned", 0, c3Do},
	{"C3_Future/waiters_ctx_ends_the_wait_alone", queues, c3Waiter},
	{"C3_Future/waiters_ctx_ends_the_wait_alone/in_a_task", queues, c3WaiterInside},
	{"C3_Future/ended_future_beats_ended_ctx", 0, c3Beats},
	{"C3_Future/result_is_pending_before_the_end", queues, c3Pending},
	{"C3_Future/awaited_by_many", queues, c3Many},
	{"C3_Future/ondone/once_at_the_end", queues, c3OnDone},
	{"C3_Future/ondone/at_once_when_ended", 0, c3OnDoneEnded},
	{"C3_Future/ondone/stop", queues, c3OnDoneStop},
	{"C3_Future/ondone/may_submit", queues, c3OnDoneSubmits},
}

func c3Values(e *env) {
	r := e.runner(Options{})
	f := quartet.Go(background, r, func(context.Context) (string, error) { return "v", errCause })
	for range 2 { // a result can be had more than once
		v, err := await(e, f)
		equal(e, "value", v, "v")
		is(e, "error", err, errCause)
	}
	v, err := quartet.Do(background, r, func(context.Context) (int, error) { return 3, nil })
	ok(e, "Do", err)
	equal(e, "value", v, 3)
}

func c3Ends(e *env) {
	r := e.runner(Options{})
	g := newGate()
	ctx, cancel := context.WithCancelCause(background)
	f := quartet.Go(ctx, r, func(ctx context.Context) (int, error) { g.wait(ctx); return 5, nil })
	synctest.Wait()
	cancel(errCause)
	f.Cancel(errCause)
	synctest.Wait()
	_, err := f.Result()
	is(e, "Result while fn runs on", err, quartet.ErrPending)
	select {
	case <-f.Done():
		e.Error("Done is closed while fn runs")
	default:
	}
	g.open()
	v, err := await(e, f)
	ok(e, "what fn returned", err)
	equal(e, "value", v, 5)
}

func c3Do(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithCancelCause(background)
	g := newGate()
	o := launch(ctx, r, func(ctx context.Context) (int, error) { g.wait(ctx); return 5, nil })
	equal(e, "fn has started", g.at.Load(), 1)
	cancel(errCause)
	equal(e, "Do has returned while fn runs", o.ended(), false)
	g.open()
	v, err := o.wait(e)
	ok(e, "what fn returned", err)
	equal(e, "value", v, 5)
}

func c3Waiter(e *env) {
	r := e.runner(Options{})
	g := newGate()
	started := make(chan context.Context, 1)
	f := quartet.Go(background, r, func(ctx context.Context) (int, error) {
		started <- ctx
		g.wait(ctx)
		return 5, ctx.Err()
	})
	ctx, cancel := context.WithTimeoutCause(background, time.Second, errCause)
	defer cancel()
	_, err := f.Await(ctx)
	is(e, "Await", err, errCause)
	ok(e, "the task's ctx", (<-started).Err())
	g.open()
	v, err := await(e, f)
	ok(e, "Await again", err)
	equal(e, "value", v, 5)
}

func c3WaiterInside(e *env) {
	r := e.runner(Options{})
	other := e.runner(Options{})
	g := newGate()
	f := quartet.Go(background, other, func(ctx context.Context) (int, error) { g.wait(ctx); return 5, ctx.Err() })
	_, err := quartet.Do(e.ctx(), r, func(ctx context.Context) (none, error) {
		short, cancel := context.WithTimeoutCause(ctx, time.Second, errCause)
		defer cancel()
		_, err := f.Await(short)
		is(e, "Await", err, errCause)
		g.open()
		v, err := f.Await(ctx)
		equal(e, "value", v, 5)
		return none{}, err
	})
	ok(e, "Await again", err)
}

func c3Beats(e *env) {
	r := e.runner(Options{})
	f := quartet.Go(background, r, func(context.Context) (int, error) { return 5, nil })
	_, err := await(e, f)
	ok(e, "Await", err)
	ctx, cancel := context.WithCancel(background)
	cancel()
	v, err := f.Await(ctx)
	ok(e, "Await with an ended ctx", err)
	equal(e, "value", v, 5)
}

func c3Pending(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	f := quartet.Go(background, r, func(context.Context) (int, error) { return 5, nil })
	_, err := f.Result()
	is(e, "Result while queued", err, quartet.ErrPending)
	g.open()
	synctest.Wait()
	v, err := f.Result()
	ok(e, "Result", err)
	equal(e, "value", v, 5)
}

func c3Many(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	f := quartet.Go(background, r, func(context.Context) (int, error) { return 5, nil })
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			ctx := background
			if i%2 == 0 {
				ctx = e.ctx()
			}
			v, err := f.Await(ctx)
			ok(e, "Await", err)
			equal(e, "value", v, 5)
		})
	}
	synctest.Wait()
	g.open()
	wg.Wait()
}

func c3OnDone(e *env) {
	r := e.runner(Options{})
	g := newGate()
	f := quartet.Go(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	called := make(chan error, 2)
	stop := f.OnDone(func() { _, err := f.Result(); called <- err })
	synctest.Wait()
	equal(e, "calls before the end", len(called), 0)
	g.open()
	synctest.Wait()
	equal(e, "calls", len(called), 1)
	ok(e, "Result inside OnDone", <-called)
	equal(e, "stop after the call", stop(), false)
}

func c3OnDoneEnded(e *env) {
	r := e.runner(Options{})
	f := quartet.Go(background, r, nothing)
	_, err := await(e, f)
	ok(e, "Await", err)
	calls := 0
	stop := f.OnDone(func() { calls++ })
	equal(e, "calls", calls, 1)
	equal(e, "stop", stop(), false)
}

func c3OnDoneStop(e *env) {
	r := e.runner(Options{})
	g := newGate()
	f := quartet.Go(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	var stopped, kept int
	stop := f.OnDone(func() { stopped++ })
	f.OnDone(func() { kept++ })
	equal(e, "stop", stop(), true)
	equal(e, "stop again", stop(), false)
	g.open()
	_, err := await(e, f)
	ok(e, "Await", err)
	synctest.Wait()
	equal(e, "calls of the stopped one", stopped, 0)
	equal(e, "calls of the other", kept, 1)
}

func c3OnDoneSubmits(e *env) {
	r := e.runner(Options{})
	g := newGate()
	f := quartet.Go(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	var p probe
	f.OnDone(func() { ok(e, "submit", r.SubmitTask(background, &p)) })
	g.open()
	synctest.Wait()
	p.want(e, "task that OnDone submitted", 1, 0, nil)
}
