package executortest

import (
	"context"
	"sync"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause1 = []test{
	{"C1_OneOutcome/each_accepted_runs_once", 0, c1Once},
	{"C1_OneOutcome/call_has_one_outcome", 0, c1Call},
	{"C1_OneOutcome/abandoned_never_runs", queues, c1Abandoned},
	{"C1_OneOutcome/refused_gets_none/closed", 0, c1RefusedClosed},
	{"C1_OneOutcome/refused_gets_none/ended_ctx", 0, c1RefusedCtx},
	{"C1_OneOutcome/refused_gets_none/no_room", queues, c1RefusedRoom},
	{"C1_OneOutcome/refusal_says_why", calls, c1Why},
	{"C1_OneOutcome/refusal_is_a_failed_future", 0, c1FailedFuture},
}

func c1Once(e *env) {
	r := e.runner(Options{})
	const submitters, each = 4, 200
	probes := make([]probe, submitters*each)
	var wg sync.WaitGroup
	for s := range submitters {
		wg.Go(func() {
			for i := range each {
				ok(e, "submit", r.SubmitTask(background, &probes[s*each+i]))
			}
		})
	}
	wg.Wait()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	for i := range probes {
		if probes[i].outcomes() != 1 || probes[i].ran.Load() != 1 {
			e.Fatalf("task %d: %d runs, %d outcomes", i, probes[i].ran.Load(), probes[i].outcomes())
		}
	}
}

func c1Call(e *env) {
	r := e.runner(Options{}) // a foreign Call has no input that could travel, so Run is expected
	probes := make([]probe, 50)
	for i := range probes {
		ok(e, "SubmitCall", r.SubmitCall(background, &probes[i]))
	}
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	for i := range probes {
		equal(e, "outcomes of a call", probes[i].outcomes(), 1)
	}
}

func c1Abandoned(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	probes := make([]probe, 20)
	for i := range probes {
		ok(e, "submit", r.SubmitTask(background, &probes[i]))
	}
	closed := asideErr(r.Close)
	synctest.Wait()
	g.open()
	_, err := closed.wait(e)
	ok(e, "Close", err)
	for i := range probes {
		probes[i].want(e, "queued task", 0, 1, quartet.ErrClosed)
	}
}

func c1RefusedClosed(e *env) {
	for name, end := range map[string]func(quartet.Runner) error{
		"Shutdown": func(r quartet.Runner) error { return r.Shutdown(e.ctx()) },
		"Close":    func(r quartet.Runner) error { return r.Close() },
	} {
		r := e.runner(Options{})
		ok(e, name, end(r))
		var task, call probe
		is(e, "SubmitTask after "+name, r.SubmitTask(background, &task), quartet.ErrClosed)
		is(e, "SubmitCall after "+name, r.SubmitCall(background, &call), quartet.ErrClosed)
		synctest.Wait()
		equal(e, "outcomes of a refused task", task.outcomes(), 0)
		equal(e, "outcomes of a refused call", call.outcomes(), 0)
	}
}

func c1RefusedCtx(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithCancelCause(background)
	cancel(errCause)
	var p probe
	err := r.SubmitTask(ctx, &p)
	if err != nil { // refused
		is(e, "submit", err, errCause)
		ok(e, "Shutdown", r.Shutdown(e.ctx()))
		p.want(e, "refused", 0, 0, nil)
		return
	}
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	p.want(e, "accepted", 0, 1, errCause)
}

func c1RefusedRoom(e *env) {
	r := e.runner(Options{Queue: 1})
	g := e.hold(r, e.size)
	var first, second probe
	ok(e, "submit", r.SubmitTask(background, &first))
	ctx, cancel := context.WithTimeoutCause(background, time.Second, errCause)
	defer cancel()
	is(e, "submit without room", r.SubmitTask(ctx, &second), errCause)
	g.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	first.want(e, "accepted", 1, 0, nil)
	second.want(e, "refused", 0, 0, nil)
}

func c1Why(e *env) {
	ex := e.executor(Options{})
	ok(e, "Shutdown", ex.Shutdown(e.ctx()))
	_, err := identity.Do(e.ctx(), ex, 1)
	is(e, "Func.Do", err, quartet.ErrClosed)
	_, err = await(e, identity.Go(background, ex, 1))
	is(e, "Func.Go", err, quartet.ErrClosed)
}

func c1FailedFuture(e *env) {
	r := e.runner(Options{})
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	ran := false
	f := quartet.Go(background, r, func(context.Context) (int, error) { ran = true; return 1, nil })
	_, err := f.Result()
	is(e, "Result at once", err, quartet.ErrClosed)
	select {
	case <-f.Done():
	default:
		e.Error("Done is open")
	}
	equal(e, "Cancel", f.Cancel(nil), false)
	equal(e, "ran", ran, false)
}
