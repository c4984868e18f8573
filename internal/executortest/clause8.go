package executortest

import (
	"context"

	"github.com/quartet-go/quartet"
)

// These use plain variables: under -race a missing edge is a report.
var clause8 = []test{
	{"C8_Memory/before_the_submit_is_seen_by_run", 0, c8Submit},
	{"C8_Memory/run_is_seen_after_await_and_done", 0, c8Await},
	{"C8_Memory/run_is_seen_after_result_and_ondone", queues, c8Result},
	{"C8_Memory/run_is_seen_after_shutdown", 0, c8Shutdown},
}

func c8Submit(e *env) {
	r := e.runner(Options{})
	for i := range 200 {
		x := new(int)
		*x = i
		v, err := await(e, quartet.Go(background, r, func(context.Context) (int, error) { return *x, nil }))
		ok(e, "task", err)
		equal(e, "seen by Run", v, i)
	}
}

func c8Await(e *env) {
	r := e.runner(Options{})
	for i := range 200 {
		x := 0
		f := quartet.Go(background, r, func(ctx context.Context) (none, error) {
			y := 0
			_, err := quartet.Go(ctx, r, func(context.Context) (none, error) { y = i; return none{}, nil }).Await(ctx)
			x = y
			return none{}, err
		})
		if i%2 == 0 {
			<-f.Done()
		} else {
			_, err := f.Await(background)
			ok(e, "task", err)
		}
		equal(e, "seen after the end", x, i)
	}
}

func c8Result(e *env) {
	r := e.runner(Options{})
	x := 0
	f := quartet.Go(background, r, func(context.Context) (none, error) { x++; return none{}, nil })
	done := make(chan none)
	f.OnDone(func() { x++; close(done) })
	<-done
	equal(e, "seen after OnDone", x, 2)
	y := 0
	f = quartet.Go(background, r, func(context.Context) (none, error) { y = 1; return none{}, nil })
	for {
		if _, err := f.Result(); err != quartet.ErrPending {
			break
		}
		pause()
	}
	equal(e, "seen after Result", y, 1)
}

func c8Shutdown(e *env) {
	r := e.runner(Options{})
	var xs [50]int
	for i := range xs {
		ok(e, "submit", r.SubmitTask(background, quartet.TaskFunc(func(context.Context) { xs[i] = i })))
	}
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	for i, x := range xs {
		equal(e, "seen after Shutdown", x, i)
	}
}
