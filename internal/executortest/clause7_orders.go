package executortest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause7Orders = []test{
	{"C7_Stop/every_order_of_submit_start_and_end_of_ctx/Close", queues, c7OrdersClose},
	{"C7_Stop/every_order_of_submit_start_and_end_of_ctx/Shutdown", queues, c7OrdersShutdown},
}

// eventfulCtx calls meanwhile once, inside the at-th call of its Done or in happen, whichever is
// first. An executor calls Done to be told of the end of a queued task's context, so that this is a
// moment between "accepted" and "its end is watched".
type eventfulCtx struct {
	context.Context
	at        int64
	asked     atomic.Int64
	once      sync.Once
	meanwhile func()
}

func (c *eventfulCtx) Done() <-chan struct{} {
	if c.asked.Add(1) == c.at {
		c.once.Do(c.meanwhile)
	}
	return c.Context.Done()
}

// happen is called after the submit, which may have asked for Done less often than at.
func (c *eventfulCtx) happen() {
	c.asked.Add(c.at)
	c.once.Do(c.meanwhile)
}

func c7OrdersClose(e *env) {
	c7Orders(e, quartet.Runner.Close)
}

func c7OrdersShutdown(e *env) {
	c7Orders(e, func(r quartet.Runner) error { return r.Shutdown(e.ctx()) })
}

// c7Orders submits a task that has to queue. In the middle of the submit the stop begins, the task
// may start, and its ctx ends, in every order; or the ctx does not end. The stop returns after each
// of them.
func c7Orders(e *env, stop func(r quartet.Runner) error) {
	const moments = 4 // a submit asks for Done less often
	for at := range int64(moments) {
		for _, order := range [][]int{
			{0, 1},
			{1, 0},
			{0, 1, 2},
			{0, 2, 1},
			{1, 0, 2},
			{1, 2, 0},
			{2, 0, 1},
			{2, 1, 0},
		} {
			c7Order(e, stop, at+1, order)
		}
	}
}

func c7Order(e *env, stop func(r quartet.Runner) error, at int64, order []int) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	parent, cancel := context.WithCancelCause(background)
	defer cancel(nil)
	var stopped *outcome[none]
	events := [...]func(){
		func() { stopped = asideErr(func() error { return stop(r) }) },
		g.open,
		func() { cancel(errCause) },
	}
	ctx := &eventfulCtx{Context: parent, at: at, meanwhile: func() {
		for _, i := range order {
			events[i]()
			synctest.Wait()
		}
	}}
	var p probe
	err := r.SubmitTask(ctx, &p)
	ctx.happen()
	_, stopErr := stopped.wait(e)
	ok(e, "the stop", stopErr)
	want := int64(1)
	if err != nil {
		want = 0
	}
	equal(e, "outcomes", p.outcomes(), want)
}
