package executortest

import (
	"context"
	"runtime"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause6Words = []test{
	{"C6_Words/suspend/resume_inside_arm", 0, inTask(wordsInsideArm)},
	{"C6_Words/suspend/resume_twice", 0, inTask(wordsTwice)},
	{"C6_Words/suspend/resume_from_elsewhere", 0, inTask(wordsElsewhere)},
	{"C6_Words/suspend/ctx_ends", 0, inTask(wordsSuspendCtx)},
	{"C6_Words/suspend/late_resume_does_nothing", 0, inTask(wordsLate)},
	{"C6_Words/suspend/resume_races_with_ctx", 0, inTask(wordsRace)},
	{"C6_Words/sleep", 0, inTask(wordsSleep)},
	{"C6_Words/sleep/ctx_ends", 0, inTask(wordsSleepCtx)},
	{"C6_Words/block", 0, inTask(wordsBlock)},
	{"C6_Words/block/ctx_ended", 0, inTask(wordsBlockCtx)},
	{"C6_Words/block/a_panic_that_is_recovered", queues, wordsBlockRecovered},
	{"C6_Words/block/a_goexit_is_the_task's", queues, wordsBlockGoexit},
	{"C6_Words/lend", 0, inTask(wordsLend)},
	{"C6_Words/lend/ctx_ended", 0, inTask(wordsLendCtx)},
	{"C6_Words/lend/a_panic_is_the_task's", 0, wordsLendPanic},
	{"C6_Words/yield_returns", 0, inTask(func(e *env, ctx context.Context) { quartet.Yield(ctx) })},
	{"C6_Words/yield_lets_a_queued_task_run_first", queues, wordsYield},
}

// inTask runs fn as a task on every slot at once, and checks that the executor is whole afterwards.
func inTask(fn func(e *env, ctx context.Context)) func(e *env) {
	return func(e *env) {
		r := e.runner(Options{})
		var os []*outcome[none]
		for range e.size + 1 {
			os = append(os, aside(func() (none, error) {
				return quartet.Do(background, r, func(ctx context.Context) (none, error) {
					fn(e, ctx)
					return none{}, nil
				})
			}))
		}
		for _, o := range os {
			_, err := o.wait(e)
			ok(e, "task", err)
		}
		if !e.subject.Inline {
			e.strength(r)
		}
	}
}

func wordsInsideArm(e *env, ctx context.Context) {
	for range 3 {
		ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) { resume() }))
	}
}

func wordsTwice(e *env, ctx context.Context) {
	var old func()
	ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) { old = resume; resume(); resume() }))
	ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) { go func() { resume(); resume(); old() }() }))
	wordsStale(e, ctx, old)
}

// wordsStale checks that the resume of an earlier wait does not end a later one.
func wordsStale(e *env, ctx context.Context, old func()) {
	began := time.Now()
	ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) {
		old()
		go func() {
			old()
			time.Sleep(time.Second)
			resume()
		}()
	}))
	if waited := time.Since(began); waited < time.Second {
		e.Errorf("a wait was ended after %v by the resume of an earlier one", waited)
	}
}

func wordsElsewhere(e *env, ctx context.Context) {
	seen := 0 // a plain variable: what happened before resume is seen after Suspend
	ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) {
		go func() {
			time.Sleep(time.Second)
			seen = 1
			resume()
		}()
	}))
	equal(e, "seen", seen, 1)
}

func wordsSuspendCtx(e *env, ctx context.Context) {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, time.Second, errCause)
	defer cancel()
	is(e, "Suspend", quartet.Suspend(ctx, func(func()) {}), errCause)
	if waited := time.Since(began); waited < time.Second {
		e.Errorf("Suspend ended after %v, before its ctx", waited)
	}
}

func wordsLate(e *env, ctx context.Context) {
	short, cancel := context.WithTimeoutCause(ctx, time.Second, errCause)
	defer cancel()
	var old func()
	is(e, "Suspend", quartet.Suspend(short, func(resume func()) { old = resume }), errCause)
	old()
	wordsStale(e, ctx, old)
}

func wordsRace(e *env, ctx context.Context) {
	for range 50 {
		short, cancel := context.WithCancelCause(ctx)
		err := quartet.Suspend(short, func(resume func()) {
			go resume()
			go cancel(errCause)
		})
		if err != nil {
			is(e, "Suspend", err, errCause)
		}
		cancel(nil)
	}
}

func wordsSleep(e *env, ctx context.Context) {
	began := time.Now()
	ok(e, "Sleep", quartet.Sleep(ctx, time.Minute))
	if slept := time.Since(began); slept < time.Minute {
		e.Errorf("slept %v, want a minute", slept)
	}
	ok(e, "Sleep of nothing", quartet.Sleep(ctx, 0))
	ok(e, "Sleep of less than nothing", quartet.Sleep(ctx, -1))
}

func wordsSleepCtx(e *env, ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Second, errCause)
	defer cancel()
	began := time.Now()
	is(e, "Sleep", quartet.Sleep(ctx, 100*time.Hour), errCause)
	if slept := time.Since(began); slept > time.Hour {
		e.Errorf("Sleep returned %v after it began, its ctx had a second", slept)
	}
	is(e, "Sleep with an ended ctx", quartet.Sleep(ctx, time.Hour), errCause)
}

func wordsBlock(e *env, ctx context.Context) {
	done := false
	ok(e, "Block", quartet.Block(ctx, func() { time.Sleep(time.Second); done = true }))
	equal(e, "fn has returned before Block", done, true)
	ctx, cancel := context.WithCancelCause(ctx)
	done = false
	ok(e, "Block whose ctx ends while fn runs", quartet.Block(ctx, func() {
		cancel(errCause)
		time.Sleep(time.Second)
		done = true
	}))
	equal(e, "fn has returned before Block", done, true)
}

func wordsBlockCtx(e *env, ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(errCause)
	ran := false
	is(e, "Block", quartet.Block(ctx, func() { ran = true }), errCause)
	equal(e, "fn ran", ran, false)
}

func wordsYield(e *env) {
	r := e.runner(Options{})
	e.hold(r, e.size-1)
	g := newGate()
	ran := false
	f := quartet.Go(background, r, func(ctx context.Context) (none, error) {
		g.wait(ctx)
		quartet.Yield(ctx)
		equal(e, "the queued task ran first", ran, true)
		return none{}, nil
	})
	synctest.Wait()
	ok(e, "submit", r.SubmitTask(background, quartet.TaskFunc(func(context.Context) { ran = true })))
	g.open()
	_, err := await(e, f)
	ok(e, "task", err)
}

func wordsLend(e *env, ctx context.Context) {
	ran := 0
	ok(e, "Lend", quartet.Lend(ctx, func() { ran++ }))
	ok(e, "Lend again", quartet.Lend(ctx, func() { time.Sleep(time.Second); ran++ }))
	equal(e, "calls", ran, 2)
}

func wordsLendCtx(e *env, ctx context.Context) {
	ended, cancel := context.WithCancelCause(ctx)
	cancel(errCause)
	ran := false
	is(e, "Lend", quartet.Lend(ended, func() { ran = true }), errCause)
	equal(e, "fn ran", ran, false)
}

func wordsLendPanic(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	for range 3 {
		err := quartet.Run(e.ctx(), r, func(ctx context.Context) error {
			return quartet.Lend(ctx, func() { panic(errCause) })
		})
		is(e, "task", err, errCause)
	}
	if !e.subject.Inline {
		e.strength(r)
	}
}

// wordsBlockRecovered: after a panic in Block that the task recovers, the task has what it runs by
// again, and no more tasks run at once than may.
func wordsBlockRecovered(e *env) {
	r := e.runner(Options{})
	var p peak
	var fs []*quartet.Future[none]
	for range 3 * e.size {
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (none, error) {
			func() {
				defer func() { _ = recover() }()
				_ = quartet.Block(ctx, func() { panic(errCause) })
			}()
			p.enter()
			defer p.leave()
			time.Sleep(time.Second) // keeps what it runs by
			return none{}, nil
		}))
	}
	for _, f := range fs {
		_, err := await(e, f)
		ok(e, "task", err)
	}
	equal(e, "tasks that run at once", p.most.Load(), int64(e.size))
	e.strength(r)
}

func wordsBlockGoexit(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	went := false
	_, err := await(e, quartet.Go(background, r, func(ctx context.Context) (none, error) {
		err := quartet.Block(ctx, runtime.Goexit)
		went = true
		return none{}, err
	}))
	is(e, "task", err, quartet.ErrGoexit)
	equal(e, "the task went on", went, false)
	e.strength(r)
}
