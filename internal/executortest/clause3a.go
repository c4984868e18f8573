package executortest

import (
	"context"
	"errors"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/goid"
)

var clause3a = []test{
	{"C3a_Call/runs_on_its_callers_goroutine", 0, c3aHere},
	{"C3a_Call/nested_runs_on_its_parents_goroutine", 0, c3aNested},
	{"C3a_Call/not_on_the_goroutine_of_another_model", queues, c3aForeign},
	{"C3a_Call/not_for_a_goroutine_that_a_task_has_started", queues, c3aDetached},
	{"C3a_Call/waits_behind_what_is_queued", queues, c3aQueues},
	{"C3a_Call/keeps_the_limit", queues, c3aLimit},
	{"C3a_Call/keeps_inflight", queues, c3aInFlight},
	{"C3a_Call/nested_runs_on_its_parents_slot", queues, c3aSlot},
	{"C3a_Call/lends_its_slot_while_it_waits", queues, c3aLends},
	{"C3a_Call/goexit_is_its_callers", 0, c3aGoexit},
	{"C3a_Call/nested_goexit_is_its_parents", queues, c3aNestedGoexit},
	{"C3a_Call/panic_is_returned", 0, c3aPanic},
	{"C3a_Call/panic_reaches_onpanic_once", queues, c3aObserved},
	{"C3a_Call/ctx_is_the_callers", 0, c3aCtx},
	{"C3a_Call/ctx_ended_before", 0, c3aEnded},
	{"C3a_Call/ctx_ends_the_wait_for_a_start", queues, c3aGivesUp},
	{"C3a_Call/returns_only_when_fn_has_returned", 0, c3aReturns},
	{"C3a_Call/is_counted", 0, c3aCounted},
	{"C3a_Call/is_observed", 0, c3aObserver},
	{"C3a_Call/has_its_own_labels", 0, c3aLabels},
	{"C3a_Call/shutdown_waits_for_it", queues, c3aShutdown},
	{"C3a_Call/close_cancels_it", 0, c3aClose},
	{"C3a_Call/refused_after_close", 0, c3aRefused},
	{"C3a_Call/nested_is_accepted_while_a_shutdown_goes_on", queues, c3aInside},
}

func c3aHere(e *env) {
	r := e.runner(Options{})
	if e.subject.Calls < AllCalls {
		e.Skip("a call from outside runs on the executor's own goroutine")
	}
	for _, w := range ways {
		var at int64
		ok(e, w.name, w.call(background, r, func(context.Context) error { at = goid.Number(); return nil }))
		equal(e, w.name+": goroutine", at, goid.Number())
	}
}

func c3aNested(e *env) {
	r := e.runner(Options{})
	if e.subject.Calls < NestedCalls {
		e.Skip("a wrapper's calls are tasks of their own")
	}
	for _, w := range ways {
		ok(e, w.name, e.inTask(r, func(ctx context.Context) error {
			parent := goid.Number()
			return w.call(ctx, r, func(ctx context.Context) error {
				equal(e, w.name+": goroutine", goid.Number(), parent)
				return w.call(ctx, r, func(context.Context) error {
					equal(e, w.name+": goroutine, two levels deep", goid.Number(), parent)
					return nil
				})
			})
		}))
	}
}

// A task of another executor waits as its own model waits: were fn to run here, that model would
// not know that its goroutine is busy with another's work.
func c3aForeign(e *env) {
	other, r := e.runner(Options{}), e.runner(Options{})
	for _, w := range ways {
		ok(e, w.name, e.inTask(other, func(ctx context.Context) error {
			parent := goid.Number()
			return w.call(ctx, r, func(ctx context.Context) error {
				equal(e, w.name+": on the goroutine of the other's task", goid.Number() == parent, false)
				current, _ := quartet.Current(ctx)
				equal(e, w.name+": Current", current, quartet.Executor(r))
				return nil
			})
		}))
	}
}

// A goroutine that a task has started is no part of the task: it has no slot of its own.
func c3aDetached(e *env) {
	r := e.runner(Options{})
	for _, w := range ways {
		ok(e, w.name, e.inTask(r, func(ctx context.Context) error {
			var own sync.WaitGroup
			detached := quartet.Detach(ctx)
			own.Go(func() {
				ok(e, w.name+" with a detached ctx", w.call(detached, r, func(context.Context) error { return nil }))
			})
			return quartet.Suspend(ctx, func(resume func()) { go func() { own.Wait(); resume() }() })
		}))
	}
	s := e.stats(r)
	equal(e, "Done", s.Done, 2*uint64(len(ways)))
}

func c3aQueues(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	var order sync.Mutex
	var starts []string
	start := func(name string) func(context.Context) error {
		return func(context.Context) error {
			order.Lock()
			defer order.Unlock()
			starts = append(starts, name)
			return nil
		}
	}
	e.Cleanup(g.open)
	var calls []*outcome[none]
	for _, w := range ways {
		calls = append(calls, asideErr(func() error { return w.call(background, r, start(w.name)) }))
		equal(e, w.name+" has returned, with no slot free", calls[len(calls)-1].ended(), false)
	}
	equal(e, "queued", e.stats(r).Queued, uint64(len(ways)))
	equal(e, "started with no slot free", len(starts), 0)
	g.open()
	for i, c := range calls {
		_, err := c.wait(e)
		ok(e, ways[i].name, err)
	}
	equal(e, "started", len(starts), len(ways))
	if e.size == 1 && !slices.Equal(starts, []string{"Do", "Run", "Func.Do"}) {
		e.Errorf("started in the order %v", starts)
	}
}

func c3aLimit(e *env) {
	r := e.runner(Options{})
	var running peak
	var callers sync.WaitGroup
	for i := range 4 * e.size {
		w := ways[i%len(ways)]
		callers.Go(func() {
			ok(e, w.name, w.call(background, r, func(ctx context.Context) error {
				running.enter()
				defer running.leave()
				<-time.After(time.Second) // without saying so to the model
				return nil
			}))
		})
	}
	callers.Wait()
	equal(e, "most calls at once", running.most.Load(), int64(e.size))
	e.strength(r)
}

// InFlight binds calls too, where a slot is free.
func c3aInFlight(e *env) {
	r := e.runner(Options{InFlight: 1})
	for _, w := range ways {
		g := e.hold(r, 1)
		ran := newGate()
		ran.open()
		call := asideErr(func() error {
			return w.call(background, r, func(ctx context.Context) error { ran.wait(ctx); return nil })
		})
		equal(e, w.name+" has returned, with as many in flight as may be", call.ended(), false)
		equal(e, w.name+": fn has started", ran.at.Load(), 0)
		g.open()
		_, err := call.wait(e)
		ok(e, w.name, err)
	}
}

func c3aSlot(e *env) {
	r := e.runner(Options{})
	for _, w := range ways {
		before := e.stats(r).Submitted
		g := newGate()
		parents := make([]*outcome[none], e.size)
		for i := range parents {
			parents[i] = asideErr(func() error {
				return e.inTask(r, func(ctx context.Context) error {
					return w.call(ctx, r, func(ctx context.Context) error { g.wait(ctx); return nil })
				})
			})
		}
		synctest.Wait()
		equal(e, w.name+": nested calls that run", g.at.Load(), int64(e.size))
		late := quartet.Go(background, r, nothing)
		s := e.stats(r)
		equal(e, w.name+": running", s.Running, uint64(e.size))
		equal(e, w.name+": waiting", s.Waiting, uint64(e.size))
		equal(e, w.name+": queued", s.Queued, 1)
		g.open()
		for _, p := range parents {
			_, err := p.wait(e)
			ok(e, w.name, err)
		}
		_, err := await(e, late)
		ok(e, "the task that was queued meanwhile", err)
		equal(e, w.name+": submitted", e.stats(r).Submitted-before, 2*uint64(e.size)+1)
	}
	e.strength(r)
}

func c3aLends(e *env) {
	r := e.runner(Options{})
	for _, w := range ways {
		var callers sync.WaitGroup
		for range e.size {
			callers.Go(func() {
				ok(e, w.name, w.call(background, r, func(ctx context.Context) error {
					_, err := quartet.Go(ctx, r, nothing).Await(ctx)
					ok(e, w.name+": a child", err)
					ok(e, w.name+" nested", w.call(ctx, r, func(ctx context.Context) error {
						_, err := quartet.Go(ctx, r, nothing).Await(ctx)
						return err
					}))
					_, err = quartet.Go(ctx, r, nothing).Await(ctx)
					return err
				}))
			})
		}
		callers.Wait()
	}
	e.strength(r)
}

func c3aGoexit(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	for _, w := range ways {
		var deferred atomic.Bool
		equal(e, w.name+": its caller ended by Goexit", exits(func() {
			_ = w.call(background, r, func(context.Context) error {
				defer deferred.Store(true)
				runtime.Goexit()
				return nil
			})
		}), true)
		equal(e, w.name+": fn's deferred calls ran", deferred.Load(), true)
	}
	equal(e, "failed", e.stats(r).Failed, uint64(len(ways)))
	if !e.subject.Inline {
		e.strength(r)
	}
}

func c3aNestedGoexit(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	for _, w := range ways {
		var deferred atomic.Int64
		is(e, w.name+": the parent", e.inTask(r, func(ctx context.Context) error {
			defer deferred.Add(1)
			_ = w.call(ctx, r, func(context.Context) error {
				defer deferred.Add(1)
				runtime.Goexit()
				return nil
			})
			deferred.Add(10)
			return nil
		}), quartet.ErrGoexit)
		equal(e, w.name+": deferred calls, and nothing behind the call", deferred.Load(), 2)
	}
	equal(e, "failed", e.stats(r).Failed, 2*uint64(len(ways)))
	e.strength(r)
}

func c3aPanic(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	explode := func(context.Context) error { explodesHere(errCause); return nil }
	for _, w := range ways {
		err := w.call(background, r, explode)
		c4Check(e, w.name, err, any(errCause))
		is(e, w.name, err, errCause)
		ok(e, w.name+": the parent goes on", e.inTask(r, func(ctx context.Context) error {
			c4Check(e, w.name+" nested", w.call(ctx, r, explode), any(errCause))
			return nil
		}))
	}
	equal(e, "failed", e.stats(r).Failed, 2*uint64(len(ways)))
	if !e.subject.Inline {
		e.strength(r)
	}
}

func c3aObserved(e *env) {
	for _, w := range ways {
		var outside, nested witness
		r := e.runner(Options{OnPanic: outside.see})
		_ = w.call(background, r, func(context.Context) error { explodesHere("x"); return nil })
		c4Check(e, w.name, outside.only(e, w.name), "x")
		r = e.runner(Options{OnPanic: nested.see})
		ok(e, w.name+": the parent", e.inTask(r, func(ctx context.Context) error {
			_ = w.call(ctx, r, func(context.Context) error { explodesHere("y"); return nil })
			return nil
		}))
		c4Check(e, w.name+" nested", nested.only(e, w.name+" nested"), "y")
	}
}

func c3aCtx(e *env) {
	r := e.runner(Options{})
	at := time.Now().Add(time.Minute)
	for _, w := range ways {
		ctx, cancel := context.WithDeadline(context.WithValue(background, key{}, "v"), at)
		var kept []context.Context
		check := func(ctx context.Context) error {
			equal(e, w.name+": value", ctx.Value(key{}), any("v"))
			deadline, has := ctx.Deadline()
			equal(e, w.name+": deadline", has && deadline.Equal(at), true)
			current, _ := quartet.Current(ctx)
			equal(e, w.name+": Current", current, quartet.Executor(r))
			kept = append(kept, ctx)
			return ctx.Err()
		}
		ok(e, w.name, w.call(ctx, r, func(ctx context.Context) error {
			ok(e, w.name, check(ctx))
			return w.call(ctx, r, check)
		}))
		for _, ctx := range kept {
			is(e, w.name+": the ctx of a call that has returned", ctx.Err(), context.Canceled)
		}
		ok(e, w.name+": the caller's ctx", ctx.Err())
		cancel()
	}
}

func c3aEnded(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithCancelCause(background)
	cancel(errCause)
	ran := func(context.Context) error { e.Error("fn ran"); return nil }
	for _, w := range ways {
		is(e, w.name, w.call(ctx, r, ran), errCause)
		ok(e, w.name+": the parent", e.inTask(r, func(ctx context.Context) error {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(errOther)
			is(e, w.name+" nested", w.call(ctx, r, ran), errOther)
			return nil
		}))
	}
	equal(e, "done", e.stats(r).Done, uint64(len(ways))) // the parents
}

func c3aGivesUp(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	for _, w := range ways {
		began := time.Now()
		ctx, cancel := context.WithTimeoutCause(background, time.Minute, errCause)
		is(e, w.name, w.call(ctx, r, func(context.Context) error { e.Error("fn ran"); return nil }), errCause)
		equal(e, w.name+" waited for", time.Since(began), time.Minute)
		cancel()
	}
	g.open()
	equal(e, "abandoned", e.stats(r).Abandoned, uint64(len(ways)))
}

func c3aReturns(e *env) {
	r := e.runner(Options{})
	for _, w := range ways {
		ctx, cancel := context.WithCancelCause(background)
		g := newGate()
		var told error
		o := asideErr(func() error {
			return w.call(ctx, r, func(ctx context.Context) error {
				<-ctx.Done()
				told = context.Cause(ctx)
				g.wait(ctx)
				return errOther
			})
		})
		synctest.Wait()
		cancel(errCause)
		equal(e, w.name+" has returned while fn runs", o.ended(), false)
		is(e, w.name+": what fn's ctx says", told, errCause)
		g.open()
		_, err := o.wait(e)
		is(e, w.name, err, errOther)
	}
}

func c3aCounted(e *env) {
	r := e.runner(Options{ExactTimes: true})
	for i, w := range ways {
		ok(e, w.name, w.call(background, r, func(ctx context.Context) error {
			<-time.After(time.Minute)
			s := e.stats(r)
			equal(e, w.name+": running", s.Running, 1)
			is(e, w.name+" nested", w.call(ctx, r, func(context.Context) error { return errCause }), errCause)
			return nil
		}))
		s, n := e.stats(r), uint64(i+1)
		equal(e, w.name+": submitted", s.Submitted, 2*n)
		equal(e, w.name+": done", s.Done, n)
		equal(e, w.name+": failed", s.Failed, n)
		equal(e, w.name+": run times measured", s.RunTime.Count, 2*n)
	}
}

func c3aObserver(e *env) {
	r := e.runner(Options{})
	s := e.watch(r)
	for i, w := range ways {
		outer, inner := uint64(2*i+1), uint64(2*i+2)
		err := w.call(quartet.Label(background, "outer"), r, func(ctx context.Context) error {
			_ = w.call(quartet.Label(ctx, "inner"), r, func(context.Context) error { return errCause })
			return nil
		})
		ok(e, w.name, err)
		synctest.Wait()
		kinds, last := s.of(inner)
		if !slices.Equal(kinds, []quartet.EventKind{quartet.EventQueued, quartet.EventStarted, quartet.EventEnded}) {
			e.Errorf("%s nested: steps %v", w.name, kinds)
		}
		equal(e, w.name+" nested: Failed", last.Failed, true)
		equal(e, w.name+" nested: Label", last.Label, "inner")
		kinds, last = s.of(outer)
		if len(kinds) < 3 || kinds[0] != quartet.EventQueued || kinds[1] != quartet.EventStarted {
			e.Errorf("%s: steps %v", w.name, kinds)
		}
		equal(e, w.name+": the last step", last.Kind, quartet.EventEnded)
		equal(e, w.name+": Failed", last.Failed, false)
		equal(e, w.name+": Label", last.Label, "outer")
	}
}

func c3aLabels(e *env) {
	r := e.runner(Options{})
	pprof.Do(background, pprof.Labels("tenant", "caller"), func(ctx context.Context) {
		callers := underLabels()
		for _, w := range ways {
			ok(e, w.name, w.call(quartet.Label(background, "outer"), r, func(ctx context.Context) error {
				equal(e, w.name+": labels", underLabels(), `{"quartet":"outer"}`)
				ok(e, w.name+" nested", w.call(quartet.Label(ctx, "inner"), r, func(context.Context) error {
					equal(e, w.name+" nested: labels", underLabels(), `{"quartet":"inner"}`)
					return nil
				}))
				equal(e, w.name+": labels after a nested call", underLabels(), `{"quartet":"outer"}`)
				return nil
			}))
			ok(e, w.name, w.call(quartet.Label(ctx, "outer"), r, func(context.Context) error { return nil }))
			equal(e, w.name+": the caller's labels after it", underLabels(), callers)
		}
	})
}

func c3aShutdown(e *env) {
	for _, w := range ways {
		r := e.runner(Options{})
		g := newGate()
		call := asideErr(func() error {
			return w.call(background, r, func(ctx context.Context) error { g.wait(ctx); return ctx.Err() })
		})
		synctest.Wait()
		stop := asideErr(func() error { return r.Shutdown(e.ctx()) })
		equal(e, w.name+": Shutdown has returned while fn runs", stop.ended(), false)
		g.open()
		_, err := stop.wait(e)
		ok(e, w.name+": Shutdown", err)
		_, err = call.wait(e)
		ok(e, w.name, err)
	}
}

func c3aClose(e *env) {
	for _, w := range ways {
		r := e.runner(Options{})
		var nested atomic.Bool
		call := asideErr(func() error {
			return w.call(background, r, func(ctx context.Context) error {
				return w.call(ctx, r, func(ctx context.Context) error {
					nested.Store(true)
					_, err := forever(ctx)
					return err
				})
			})
		})
		synctest.Wait()
		equal(e, w.name+": the nested call runs", nested.Load(), true)
		ok(e, w.name+": Close", r.Close())
		_, err := call.wait(e)
		is(e, w.name, err, quartet.ErrClosed)
	}
}

func c3aRefused(e *env) {
	r := e.runner(Options{})
	ok(e, "Close", r.Close())
	for _, w := range ways {
		is(e, w.name, w.call(background, r, func(context.Context) error {
			e.Error("fn ran")
			return nil
		}), quartet.ErrClosed)
	}
	s := e.stats(r)
	equal(e, "rejected", s.Rejected, uint64(len(ways)))
	equal(e, "submitted", s.Submitted, 0)
}

func c3aInside(e *env) {
	for _, w := range ways {
		r := e.runner(Options{})
		g := newGate()
		call := asideErr(func() error {
			return w.call(background, r, func(ctx context.Context) error {
				g.wait(ctx)
				return w.call(ctx, r, func(context.Context) error { return errCause })
			})
		})
		synctest.Wait()
		stop := asideErr(func() error { return r.Shutdown(e.ctx()) })
		synctest.Wait()
		err := w.call(background, r, func(context.Context) error { return errors.New("fn ran") })
		is(e, w.name+" from outside", err, quartet.ErrClosed)
		g.open()
		_, err = call.wait(e)
		is(e, w.name+" from inside", err, errCause)
		_, err = stop.wait(e)
		ok(e, w.name+": Shutdown", err)
	}
}
