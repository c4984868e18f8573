package executortest

import (
	"context"
	"runtime"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause13 = []test{
	{"C13_Wrappers/the_same_stats", 0, c13Stats},
	{"C13_Wrappers/a_failed_call_counts_as_failed", 0, c13Failed},
	{"C13_Wrappers/a_panic_reaches_on_panic_once", 0, c13Panic},
	{"C13_Wrappers/a_goexit_reaches_on_panic_once", queues, c13Goexit},
	{"C13_Wrappers/cancel_reaches_a_queued_call", queues, c13CancelQueued},
	{"C13_Wrappers/cancel_reaches_a_running_call", queues, c13CancelRunning},
	{"C13_Wrappers/map_keeps_its_window", 0, c13Map},
	{"C13_Wrappers/an_idempotent_call_stays_one", 0, c13Idempotent},
}

// wrapper is an executor as users wrap them: each call and task is wrapped too, and all can be
// unwrapped.
type wrapper struct{ quartet.Executor }

func (w wrapper) Unwrap() quartet.Executor { return w.Executor }

func (w wrapper) SubmitCall(ctx context.Context, c quartet.Call) error {
	return w.Executor.SubmitCall(quartet.WithCurrent(ctx, w), wrappedCall{c})
}

type wrappedCall struct{ quartet.Call }

func (c wrappedCall) Unwrap() quartet.Call { return c.Call }

func (c wrappedCall) Run(ctx context.Context) { c.Call.Run(context.WithValue(ctx, key{}, "wrapped")) }

// runnerWrapper is wrapper for a Runner.
type runnerWrapper struct{ wrapper }

func (w runnerWrapper) Unwrap() quartet.Executor { return w.Executor }

func (w runnerWrapper) SubmitTask(ctx context.Context, t quartet.Task) error {
	return w.Executor.(quartet.Runner).SubmitTask(quartet.WithCurrent(ctx, w), wrappedTask{t})
}

type wrappedTask struct{ quartet.Task }

func (t wrappedTask) Unwrap() quartet.Task { return t.Task }

// wrappers are the ways in which calls reach an executor through others.
var wrappers = map[string]func(quartet.Runner) quartet.Executor{
	"wrapper":               func(r quartet.Runner) quartet.Executor { return wrapper{r} },
	"Serialized":            func(r quartet.Runner) quartet.Executor { return quartet.Serialized(r) },
	"wrapper of Serialized": func(r quartet.Runner) quartet.Executor { return wrapper{quartet.Serialized(r)} },
	"Serialized of wrapper": func(r quartet.Runner) quartet.Executor { return quartet.Serialized(wrapper{r}) },
}

func c13Stats(e *env) {
	r := e.runner(Options{})
	bare := e.stats(r)
	for name, wrap := range wrappers {
		ex := wrap(r)
		_, err := identity.Do(e.ctx(), ex, 1)
		ok(e, name, err)
		synctest.Wait()
		bare.Submitted++
		bare.Done++
		s := e.stats(ex)
		equal(e, name+": submitted", s.Submitted, bare.Submitted)
		equal(e, name+": done", s.Done, bare.Done)
	}
}

func c13Failed(e *env) {
	for name, wrap := range wrappers {
		ex := wrap(e.runner(Options{}))
		_, err := fails.Do(e.ctx(), ex, "")
		is(e, name, err, errCause)
		_, err = explodes.Do(e.ctx(), ex, 0)
		equal(e, name+": failed", err != nil, true)
		synctest.Wait()
		s := e.stats(ex)
		equal(e, name+": failed", s.Failed, 2)
		equal(e, name+": done", s.Done, 0)
	}
	r := runnerWrapper{wrapper{e.runner(Options{})}}
	is(e, "closure", quartet.Run(e.ctx(), r, func(context.Context) error { return errCause }), errCause)
	synctest.Wait()
	equal(e, "closure: failed", e.stats(r).Failed, 1)
}

func c13Panic(e *env) {
	if e.subject.Inline {
		e.Skip("an inline executor has no OnPanic")
	}
	for name, wrap := range wrappers {
		var log witness
		ex := wrap(e.runner(Options{OnPanic: log.see}))
		_, err := explodes.Do(e.ctx(), ex, 0)
		equal(e, name+": failed", err != nil, true)
		log.only(e, name)
	}
}

func c13Goexit(e *env) {
	var log witness
	r := runnerWrapper{wrapper{e.runner(Options{OnPanic: log.see})}}
	_, err := await(e, quartet.Go(background, r, func(context.Context) (none, error) {
		runtime.Goexit()
		return none{}, nil
	}))
	is(e, "task", err, quartet.ErrGoexit)
	log.only(e, "Goexit")
}

func c13CancelQueued(e *env) {
	for name, wrap := range wrappers {
		r := e.runner(Options{})
		g := e.hold(r, e.size)
		ex := wrap(r)
		f := identity.Go(background, ex, 1)
		equal(e, name+": Cancel", f.Cancel(errCause), true)
		_, err := f.Result()
		is(e, name, err, errCause)
		synctest.Wait()
		s := e.stats(ex)
		equal(e, name+": abandoned", s.Abandoned, 1)
		equal(e, name+": queued", s.Queued, 0)
		g.open()
	}
}

func c13CancelRunning(e *env) {
	for name, wrap := range wrappers {
		ex := wrap(e.runner(Options{}))
		f := patient.Go(background, ex, 1)
		synctest.Wait()
		equal(e, name+": Cancel", f.Cancel(errCause), false)
		_, err := await(e, f)
		is(e, name, err, errCause)
	}
}

// deep is an executor that asks for a window.
type deep struct{ quartet.Runner }

func (deep) Ahead() int { return 7 }

func c13Map(e *env) {
	for name, wrap := range wrappers {
		ex := wrap(deep{e.runner(Options{})})
		pulled, taken := 0, 0
		for _, err := range identity.Map(e.ctx(), ex, func(yield func(int) bool) {
			for pulled < 100 {
				if pulled++; !yield(pulled) {
					return
				}
			}
		}) {
			ok(e, name, err)
			if taken++; taken == 10 {
				break
			}
		}
		equal(e, name+": inputs pulled for ten results", pulled, 10+7-1)
	}
}

// asking is an executor that notes whether calls are idempotent.
type asking struct {
	quartet.Runner
	idempotent *bool
}

func (a asking) SubmitCall(ctx context.Context, c quartet.Call) error {
	i, ok := quartet.As[interface{ Idempotent() bool }](c)
	*a.idempotent = ok && i.Idempotent()
	return a.Runner.SubmitCall(ctx, c)
}

func c13Idempotent(e *env) {
	for name, wrap := range wrappers {
		var is bool
		ex := wrap(asking{e.runner(Options{}), &is})
		_, err := repeatable.Do(e.ctx(), ex, 1)
		ok(e, name, err)
		equal(e, name+": idempotent", is, true)
		_, err = identity.Do(e.ctx(), ex, 1)
		ok(e, name, err)
		equal(e, name+": idempotent", is, false)
	}
}
