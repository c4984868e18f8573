package executortest

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause6Detach = []test{
	{"C6_Detach/keeps_values_deadline_and_cancellation", 0, detachKeeps},
	{"C6_Detach/keeps_current", 0, detachCurrent},
	{"C6_Detach/waits_block_plainly_and_lend_nothing", queues, detachLends},
	{"C6_Detach/submits_are_inside", 0, detachInside},
	{"C6_Foreign/ctx_of_a_suspended_task_leaves_the_model_alone", queues, foreignSuspended},
	{"C6_Foreign/ctx_of_an_ended_task_leaves_the_model_alone", queues, foreignEnded},
}

func detachKeeps(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithTimeout(context.WithValue(background, key{}, "v"), time.Minute)
	defer cancel()
	_, err := quartet.Do(ctx, r, func(ctx context.Context) (none, error) {
		d := quartet.Detach(ctx)
		equal(e, "value", d.Value(key{}), any("v"))
		a, _ := ctx.Deadline()
		b, has := d.Deadline()
		equal(e, "deadline", has && a.Equal(b), true)
		c, cancel := context.WithCancelCause(ctx)
		cancel(errCause)
		is(e, "cause", context.Cause(quartet.Detach(c)), errCause)
		return none{}, nil
	})
	ok(e, "task", err)
}

func detachCurrent(e *env) {
	r := e.runner(Options{})
	_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) {
		a, has := quartet.Current(ctx)
		equal(e, "Current", has, true)
		b, has := quartet.Current(quartet.Detach(ctx))
		equal(e, "Current of a detached ctx", has && a == b, true)
		return none{}, nil
	})
	ok(e, "task", err)
	_, has := quartet.Current(background)
	equal(e, "Current outside", has, false)
}

// everyWord waits in every way there is, a second each.
func everyWord(e *env, ctx context.Context) {
	ok(e, "Sleep", quartet.Sleep(ctx, time.Second))
	ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) { time.AfterFunc(time.Second, resume) }))
	ok(e, "Block", quartet.Block(ctx, func() { time.Sleep(time.Second) }))
	quartet.Yield(ctx)
	other := e.runner(Options{}) // the future of another executor
	f := quartet.Go(background, other, func(context.Context) (int, error) { time.Sleep(time.Second); return 5, nil })
	v, err := f.Await(ctx)
	ok(e, "Await", err)
	equal(e, "value", v, 5)
}

func detachLends(e *env) {
	r := e.runner(Options{})
	e.hold(r, e.size-1)
	var p probe
	f := quartet.Go(background, r, func(ctx context.Context) (none, error) {
		done := make(chan none)
		go func() {
			defer close(done)
			everyWord(e, quartet.Detach(ctx))
			equal(e, "tasks that started meanwhile", p.outcomes(), 0)
		}()
		<-done // the task keeps its slot
		return none{}, nil
	})
	synctest.Wait()
	ok(e, "submit", r.SubmitTask(background, &p))
	_, err := await(e, f)
	ok(e, "task", err)
	synctest.Wait()
	p.want(e, "queued task", 1, 0, nil)
}

func detachInside(e *env) {
	r := e.runner(Options{})
	var p probe
	task, down := c1During(e, r, func() error { return r.Shutdown(e.ctx()) }, func(ctx context.Context) error {
		done := make(chan error)
		go func() { done <- r.SubmitTask(context.WithoutCancel(quartet.Detach(ctx)), &p) }()
		return <-done
	})
	ok(e, "submit with a detached ctx while draining", task)
	ok(e, "Shutdown", down)
	p.want(e, "task", 1, 0, nil)
}

func foreignSuspended(e *env) {
	r := e.runner(Options{})
	release := make(chan none)
	var task context.Context
	f := quartet.Go(background, r, func(ctx context.Context) (none, error) {
		task = ctx
		return none{}, quartet.Suspend(ctx, func(resume func()) { go func() { <-release; resume() }() })
	})
	synctest.Wait()
	began := time.Now()
	o := asideErr(func() error { everyWord(e, task); return nil })
	e.strength(r) // while the words wait
	_, _ = o.wait(e)
	if waited := time.Since(began); waited < 3*time.Second {
		e.Errorf("the words waited %v in all, want at least 3s", waited)
	}
	_, err := f.Result()
	is(e, "the task was left alone", err, quartet.ErrPending)
	close(release)
	_, err = await(e, f)
	ok(e, "task", err)
	e.strength(r)
}

func foreignEnded(e *env) {
	r := e.runner(Options{})
	var task context.Context
	_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) { task = ctx; return none{}, nil })
	ok(e, "task", err)
	everyWord(e, context.WithoutCancel(task))
	e.strength(r)
}
