package executortest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var around = []test{
	{"S3_Name", 0, namesItself},
	{"S3_Around/is_told_of_every_task", 0, aroundIsTold},
	{"S3_Around/gets_the_error_and_may_replace_it", 0, aroundReplaces},
	{"S3_Around/may_keep_the_task_from_running", 0, aroundRefuses},
	{"S3_Around/a_panic_passes_through", 0, aroundPanics},
	{"S3_Around/a_goexit_passes_through", 0, aroundGoexit},
	{"S3_Around/its_context_reaches_the_function", 0, aroundContext},
	{"S3_Around/calls_run_once", 0, aroundOnce},
	{"S3_Around/through_wrappers", 0, aroundWrapped},
}

// Around is Config.Around.
type Around = func(ctx context.Context, info quartet.Info, run func(context.Context) error) error

// told is what an Around was told, and how the tasks ended.
type told struct {
	mu    sync.Mutex
	infos []quartet.Info
	errs  []error
}

func (l *told) around(ctx context.Context, info quartet.Info, run func(context.Context) error) error {
	err := run(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.infos, l.errs = append(l.infos, info), append(l.errs, err)
	return err
}

func (l *told) only(e *env) (quartet.Info, error) {
	e.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.infos) != 1 {
		e.Fatalf("Around was called %d times, not once", len(l.infos))
	}
	return l.infos[0], l.errs[0]
}

func namesItself(e *env) {
	named, has := quartet.As[interface{ Name() string }](e.executor(Options{Name: "of its own"}))
	if !has {
		e.Fatal("the executor has no Name")
	}
	equal(e, "Name", named.Name(), "of its own")
}

func aroundIsTold(e *env) {
	var l told
	r := e.runner(Options{Name: "of its own", Around: l.around})
	_, err := fails.Do(quartet.Label(e.ctx(), "named"), r, "")
	is(e, "call", err, errCause)
	ok(e, "closure", quartet.Run(e.ctx(), r, func(context.Context) error { return nil }))
	p := &probe{}
	ok(e, "submit of a bare task", r.SubmitTask(background, p))
	synctest.Wait()
	p.want(e, "bare task", 1, 0, nil)
	l.mu.Lock()
	defer l.mu.Unlock()
	want := []quartet.Info{
		{Executor: "of its own", Func: fails.Name(), Label: "named", Task: 1},
		{Executor: "of its own", Task: 2},
		{Executor: "of its own", Func: identity.Name(), Task: 3}, // the probe is a Call
	}
	if len(l.infos) != len(want) {
		e.Fatalf("Around was called %d times, not %d", len(l.infos), len(want))
	}
	for i, w := range want {
		equal(e, "Info", l.infos[i], w)
	}
	is(e, "the call's error", l.errs[0], errCause)
	ok(e, "the closure's error", l.errs[1])
	ok(e, "the bare task's error", l.errs[2])
}

func aroundReplaces(e *env) {
	r := e.runner(Options{Around: func(ctx context.Context, _ quartet.Info, run func(context.Context) error) error {
		switch err := run(ctx); err {
		case errCause:
			return errOther
		case errOther:
			return nil
		default:
			return errCause
		}
	}})
	n, err := quartet.Do(e.ctx(), r, func(context.Context) (int, error) { return 1, nil })
	is(e, "success turned to an error", err, errCause)
	equal(e, "value", n, 1)
	_, err = fails.Do(e.ctx(), r, "")
	is(e, "an error turned to another", err, errOther)
	ok(e, "an error turned to success", quartet.Run(e.ctx(), r, func(context.Context) error { return errOther }))
	ok(e, "submit of a bare task", r.SubmitTask(background, quartet.TaskFunc(func(context.Context) {})))
	synctest.Wait()
	s := e.stats(r)
	equal(e, "failed", s.Failed, 3)
	equal(e, "done", s.Done, 1)
}

func aroundRefuses(e *env) {
	refusal := errCause
	r := e.runner(Options{Around: func(context.Context, quartet.Info, func(context.Context) error) error {
		return refusal
	}})
	p := &probe{}
	is(e, "task", quartet.Run(e.ctx(), r, func(context.Context) error { p.Run(background); return nil }), errCause)
	refusal = nil
	if err := quartet.Run(e.ctx(), r, func(context.Context) error { p.Run(background); return nil }); err == nil {
		e.Error("a task that did not run has succeeded")
	}
	p.want(e, "task", 0, 0, nil)
}

func aroundPanics(e *env) {
	var seen any
	r := e.runner(Options{Around: func(ctx context.Context, _ quartet.Info, run func(context.Context) error) error {
		defer func() {
			seen = recover()
			panic(seen)
		}()
		return run(ctx)
	}})
	err := quartet.Run(e.ctx(), r, func(context.Context) error { panic(errCause) })
	is(e, "task", err, errCause)
	_, isPanic := errors.AsType[*quartet.PanicError](err)
	equal(e, "is a PanicError", isPanic, true)
	equal(e, "Around saw the panic", seen == any(errCause), true)
}

func aroundGoexit(e *env) {
	if e.subject.Inline {
		e.Skip("a Goexit is the submitter's")
	}
	var passed atomic.Bool
	r := e.runner(Options{Around: func(ctx context.Context, _ quartet.Info, run func(context.Context) error) error {
		defer passed.Store(true)
		return run(ctx)
	}})
	_, err := await(e, quartet.Go(background, r, func(context.Context) (none, error) {
		runtime.Goexit()
		return none{}, nil
	}))
	is(e, "task", err, quartet.ErrGoexit)
	equal(e, "Around was left", passed.Load(), true)
	e.strength(r)
}

func aroundContext(e *env) {
	r := e.runner(Options{Around: func(ctx context.Context, _ quartet.Info, run func(context.Context) error) error {
		return run(context.WithValue(ctx, key{}, "span"))
	}})
	fn := func(ctx context.Context) error {
		equal(e, "value", ctx.Value(key{}), any("span"))
		ok(e, "Sleep with that context", quartet.Sleep(ctx, 1))
		return nil
	}
	ok(e, "task", quartet.Run(e.ctx(), r, fn))
	ended := make(chan none)
	ok(e, "submit of a bare task", r.SubmitTask(background, quartet.TaskFunc(func(ctx context.Context) {
		defer close(ended)
		_ = fn(ctx)
	})))
	<-ended
}

func aroundOnce(e *env) {
	r := e.runner(Options{
		OnPanic: func(error) {},
		Around: func(ctx context.Context, _ quartet.Info, run func(context.Context) error) error {
			_ = run(ctx)
			return run(ctx)
		},
	})
	p := &probe{}
	err := quartet.Run(e.ctx(), r, func(context.Context) error { p.Run(background); return nil })
	p.want(e, "function", 1, 0, nil)
	if crash, ok := errors.AsType[*quartet.PanicError](err); !ok ||
		!strings.HasSuffix(fmt.Sprint(crash.Value), "Around has called run twice") {
		e.Errorf("the second run: %v", err)
	}
	bare := &probe{}
	ok(e, "submit of a bare task", r.SubmitTask(background, bare))
	synctest.Wait()
	bare.want(e, "bare task", 1, 0, nil)
}

func aroundWrapped(e *env) {
	for name, wrap := range wrappers {
		var l told
		ex := wrap(e.runner(Options{Around: l.around}))
		_, err := fails.Do(e.ctx(), ex, "")
		is(e, name, err, errCause)
		info, err := l.only(e)
		equal(e, name+": Func", info.Func, fails.Name())
		is(e, name+": the function's own error", err, errCause)
	}
}
