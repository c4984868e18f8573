package executortest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause4 = []test{
	{"C4_Panic/value_and_stack_reach_the_waiters", 0, c4Panic},
	{"C4_Panic/after_a_wait", queues, c4AfterWait},
	{"C4_Panic/error_unwraps", 0, c4Unwraps},
	{"C4_Panic/keeps_strength", queues, c4Strength},
	{"C4_Panic/all_at_once", queues, c4AllAtOnce},
	{"C4_Panic/onpanic/observes_a_future", queues, c4Observes},
	{"C4_Panic/onpanic/bare_task", queues, c4Bare},
	{"C4_Panic/onpanic/abandon", queues, c4Abandon},
	{"C4_Panic/onpanic/ondone", queues, c4OnDone},
	{"C4_Goexit/waiters_get_it", queues, c4Goexit},
	{"C4_Goexit/onpanic/bare_task", queues, c4BareGoexit},
	{"C4_Goexit/keeps_strength", queues, c4GoexitStrength},
	{"C4_Nil/func_and_task", 0, c4Nil},
}

//go:noinline
func explodesHere(value any) { panic(value) }

func c4Check(e *env, what string, err error, value any) {
	e.Helper()
	var p *quartet.PanicError
	if !errors.As(err, &p) {
		e.Errorf("%s: got %v, want a *PanicError", what, err)
		return
	}
	equal(e, what+": value", p.Value, value)
	if !strings.Contains(string(p.Stack), "explodesHere") {
		e.Errorf("%s: the stack is not the task's:\n%s", what, p.Stack)
	}
}

func c4Panic(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	f := quartet.Go(background, r, func(context.Context) (int, error) { explodesHere("boom"); return 1, nil })
	for range 2 {
		_, err := await(e, f)
		c4Check(e, "Await", err, "boom")
	}
	_, err := quartet.Do(background, r, func(context.Context) (none, error) { explodesHere(7); return none{}, nil })
	c4Check(e, "Do", err, 7)
}

func c4AfterWait(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	_, err := await(e, quartet.Go(background, r, func(ctx context.Context) (none, error) {
		_, err := quartet.Go(ctx, r, nothing).Await(ctx)
		ok(e, "child", err)
		explodesHere("late")
		return none{}, nil
	}))
	c4Check(e, "Await", err, "late")
	_, err = await(e, quartet.Go(background, r, func(ctx context.Context) (none, error) {
		return quartet.Go(ctx, r,
			func(context.Context) (none, error) { explodesHere("child"); return none{}, nil }).Await(ctx)
	}))
	c4Check(e, "through a parent", err, "child")
	e.strength(r)
}

func c4Unwraps(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	_, err := quartet.Do(background, r, func(context.Context) (none, error) {
		explodesHere(fmt.Errorf("wrapped: %w", errCause))
		return none{}, nil
	})
	is(e, "panic with an error", err, errCause)
	_, err = quartet.Do(background, r, func(context.Context) (none, error) { panic(nil) })
	var p *runtime.PanicNilError
	equal(e, "panic(nil) arrives", errors.As(err, &p), true)
}

func c4Strength(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	for range 3 * e.size {
		_, err := await(e, quartet.Go(background, r, func(context.Context) (none, error) {
			explodesHere(1)
			return none{}, nil
		}))
		c4Check(e, "Await", err, 1)
	}
	e.strength(r)
}

func c4AllAtOnce(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	g := newGate()
	var fs []*quartet.Future[none]
	for range 2 * e.size { // half of them run, the others are queued behind those that panic
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (none, error) {
			g.wait(ctx)
			explodesHere("all")
			return none{}, nil
		}))
	}
	synctest.Wait()
	equal(e, "running", g.at.Load(), int64(e.size))
	g.open()
	for _, f := range fs {
		_, err := await(e, f)
		c4Check(e, "Await", err, "all")
	}
	e.strength(r)
}

// witness is an OnPanic.
type witness struct {
	mu   sync.Mutex
	seen []error
}

func (w *witness) see(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, err)
}

func (w *witness) only(e *env, what string) error {
	e.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) != 1 {
		e.Errorf("%s: OnPanic was called %d times, want once", what, len(w.seen))
		return nil
	}
	return w.seen[0]
}

func c4Observes(e *env) {
	var w witness
	r := e.runner(Options{OnPanic: w.see})
	_, err := await(e, quartet.Go(background, r, func(context.Context) (none, error) {
		explodesHere("x")
		return none{}, nil
	}))
	c4Check(e, "Await", err, "x")
	c4Check(e, "OnPanic", w.only(e, "future"), "x")
}

func c4Bare(e *env) {
	var w witness
	r := e.runner(Options{OnPanic: w.see})
	ok(e, "submit", r.SubmitTask(background, quartet.TaskFunc(func(context.Context) { explodesHere("bare") })))
	c4Check(e, "OnPanic", w.only(e, "bare task"), "bare")
	e.strength(r)
}

type angry struct{ probe }

func (a *angry) Abandon(error) { explodesHere("abandon") }

func c4Abandon(e *env) {
	var w witness
	r := e.runner(Options{OnPanic: w.see})
	g := e.hold(r, e.size)
	var after probe
	ok(e, "submit", r.SubmitTask(background, &angry{}))
	ok(e, "submit", r.SubmitTask(background, &after))
	closed := asideErr(r.Close)
	synctest.Wait()
	g.open()
	_, err := closed.wait(e)
	ok(e, "Close", err)
	c4Check(e, "OnPanic", w.only(e, "Abandon"), "abandon")
	after.want(e, "task behind it", 0, 1, quartet.ErrClosed)
}

func c4OnDone(e *env) {
	var w witness
	r := e.runner(Options{OnPanic: w.see})
	g := newGate()
	f := quartet.Go(background, r, func(ctx context.Context) (int, error) { g.wait(ctx); return 5, nil })
	later := 0
	f.OnDone(func() { explodesHere("hook") })
	f.OnDone(func() { later++ })
	g.open()
	v, err := await(e, f)
	ok(e, "the future is not hurt", err)
	equal(e, "value", v, 5)
	c4Check(e, "OnPanic", w.only(e, "OnDone"), "hook")
	equal(e, "calls of the hook behind it", later, 1)
	e.strength(r)
}

func c4Goexit(e *env) {
	var w witness
	r := e.runner(Options{OnPanic: w.see})
	_, err := await(e, quartet.Go(background, r, func(context.Context) (none, error) {
		runtime.Goexit()
		return none{}, nil
	}))
	is(e, "Await", err, quartet.ErrGoexit)
	_, err = await(e, quartet.Go(background, r, func(ctx context.Context) (none, error) {
		_, err := quartet.Go(ctx, r,
			func(context.Context) (none, error) { runtime.Goexit(); return none{}, nil }).Await(ctx)
		is(e, "Await in a task", err, quartet.ErrGoexit)
		return none{}, nil // a child's Goexit ends the child alone
	}))
	ok(e, "parent", err)
}

func c4BareGoexit(e *env) {
	var w witness
	r := e.runner(Options{OnPanic: w.see})
	ok(e, "submit", r.SubmitTask(background, quartet.TaskFunc(func(context.Context) { runtime.Goexit() })))
	is(e, "OnPanic", w.only(e, "bare task"), quartet.ErrGoexit)
	e.strength(r)
}

func c4GoexitStrength(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	g := newGate()
	var fs []*quartet.Future[none]
	for i := range 3 * e.size {
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (none, error) {
			g.wait(ctx)
			if i%2 == 0 { // also of a task that has waited
				_, err := quartet.Go(ctx, r, nothing).Await(ctx)
				ok(e, "child", err)
			}
			runtime.Goexit()
			return none{}, nil
		}))
	}
	synctest.Wait()
	g.open()
	for _, f := range fs {
		_, err := await(e, f)
		is(e, "Await", err, quartet.ErrGoexit)
	}
	e.strength(r)
}

func c4Nil(e *env) {
	r := e.runner(Options{})
	for name, call := range map[string]func(){
		"SubmitTask": func() { _ = r.SubmitTask(background, nil) },
		"SubmitCall": func() { _ = r.SubmitCall(background, nil) },
		"TaskFunc":   func() { _ = r.SubmitTask(background, quartet.TaskFunc(nil)) },
		"Go":         func() { quartet.Go[int](background, r, nil) },
		"Do":         func() { _, _ = quartet.Do[int](background, r, nil) },
	} {
		func() {
			defer func() {
				v := recover()
				if v == nil || !strings.Contains(fmt.Sprint(v), "nil ") {
					e.Errorf("%s of nil: panicked with %v, want a panic that names it", name, v)
				}
				if _, crash := v.(runtime.Error); crash {
					e.Errorf("%s of nil: %v", name, v)
				}
			}()
			call()
		}()
	}
	if s, has := stats(r); has {
		equal(e, "Submitted", s.Submitted, 0)
	}
}
