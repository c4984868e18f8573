package executortest

import (
	"context"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause3Cancel = []test{
	{"C3_Future/cancel_pending_never_runs", queues, c3CancelPending},
	{"C3_Future/cancel_pending_frees_room", queues, c3CancelRoom},
	{"C3_Future/cancel_without_a_cause", queues, c3CancelNil},
	{"C3_Future/cancel_running_ends_its_ctx", queues, c3CancelRunning},
	{"C3_Future/cancel_waiting_ends_its_ctx", queues, c3CancelWaiting},
	{"C3_Future/cancel_ended_does_nothing", 0, c3CancelEnded},
}

func c3CancelPending(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	var p probe
	f := quartet.Go(background, r, func(ctx context.Context) (none, error) { p.Run(ctx); return none{}, nil })
	waiting := aside(func() (none, error) { return f.Await(background) })
	equal(e, "Await has returned", waiting.ended(), false)
	equal(e, "Cancel", f.Cancel(errCause), true)
	_, err := f.Result()
	is(e, "Result", err, errCause)
	_, err = waiting.wait(e)
	is(e, "Await", err, errCause)
	equal(e, "Cancel again", f.Cancel(errOther), false)
	g.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	_, err = f.Result()
	is(e, "Result in the end", err, errCause)
	p.want(e, "cancelled task", 0, 0, nil)
}

func c3CancelRoom(e *env) {
	r := e.runner(Options{Queue: 1})
	g := e.hold(r, e.size)
	f := quartet.Go(background, r, nothing)
	var p probe
	o := asideErr(func() error { return r.SubmitTask(background, &p) })
	equal(e, "submitter has room", o.ended(), false)
	equal(e, "Cancel", f.Cancel(nil), true)
	equal(e, "submitter has room after Cancel", o.ended(), true)
	g.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	p.want(e, "task", 1, 0, nil)
}

func c3CancelNil(e *env) {
	r := e.runner(Options{})
	e.hold(r, e.size)
	f := quartet.Go(background, r, nothing)
	equal(e, "Cancel", f.Cancel(nil), true)
	_, err := await(e, f)
	is(e, "Await", err, context.Canceled)
}

func c3CancelRunning(e *env) {
	r := e.runner(Options{})
	g := newGate()
	f := quartet.Go(background, r, func(ctx context.Context) (error, error) {
		<-ctx.Done()
		g.wait(ctx)
		return context.Cause(ctx), nil
	})
	synctest.Wait()
	equal(e, "Cancel", f.Cancel(errCause), false)
	synctest.Wait()
	equal(e, "the task saw its ctx end", g.at.Load(), 1)
	equal(e, "Cancel again", f.Cancel(errOther), false)
	_, err := f.Result()
	is(e, "Result while fn runs", err, quartet.ErrPending)
	g.open()
	cause, err := await(e, f)
	ok(e, "what fn returned", err)
	is(e, "cause in the task", cause, errCause)
}

func c3CancelWaiting(e *env) {
	r := e.runner(Options{})
	f := quartet.Go(background, r, forever)
	synctest.Wait()
	equal(e, "Cancel", f.Cancel(errCause), false)
	_, err := await(e, f)
	is(e, "Suspend in the task", err, errCause)
}

func c3CancelEnded(e *env) {
	r := e.runner(Options{})
	f := quartet.Go(background, r, func(context.Context) (int, error) { return 5, nil })
	_, _ = await(e, f)
	equal(e, "Cancel", f.Cancel(errCause), false)
	v, err := f.Result()
	ok(e, "Result", err)
	equal(e, "value", v, 5)
}
