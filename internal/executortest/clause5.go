package executortest

import (
	"context"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause5 = []test{
	{"C5_Order/one_submitter", queues, func(e *env) { c5Order(e, Options{}) }},
	{"C5_Order/one_submitter_that_waits_for_room", queues, func(e *env) { c5Order(e, Options{Queue: 2}) }},
	{"C5_Order/one_task_that_submits", queues, c5Inside},
}

// c5Order leaves one slot: with more, two tasks that start at the same time could not say which was
// first.
func c5Order(e *env, o Options) {
	r := e.runner(o)
	rest := e.hold(r, e.size-1)
	g := e.hold(r, 1)
	const n = 100
	var order []int
	submitted := asideErr(func() error {
		for i := range n {
			err := r.SubmitTask(background, quartet.TaskFunc(func(context.Context) { order = append(order, i) }))
			if err != nil {
				return err
			}
		}
		return nil
	})
	synctest.Wait()
	g.open()
	_, err := submitted.wait(e)
	ok(e, "submit", err)
	synctest.Wait()
	rest.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	c5Check(e, order, n)
}

func c5Check(e *env, order []int, n int) {
	e.Helper()
	equal(e, "started", len(order), n)
	for i, got := range order {
		if got != i {
			e.Fatalf("start %d was of task %d: %v", i, got, order)
		}
	}
}

func c5Inside(e *env) {
	r := e.runner(Options{})
	rest := e.hold(r, e.size-1)
	const n = 50
	var order []int
	_, err := await(e, quartet.Go(background, r, func(ctx context.Context) (none, error) {
		for i := range n {
			err := r.SubmitTask(context.WithoutCancel(ctx), quartet.TaskFunc(func(context.Context) {
				order = append(order, i)
			}))
			ok(e, "submit", err)
		}
		return none{}, nil
	}))
	ok(e, "submitter", err)
	synctest.Wait()
	rest.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	c5Check(e, order, n)
}
