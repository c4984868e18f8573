package executortest

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause2 = []test{
	{"C2_OneContext/values_and_deadline_arrive", 0, c2Values},
	{"C2_OneContext/cause_arrives", 0, c2Cause},
	{"C2_OneContext/bounds_the_wait_for_room", queues, c2Room},
	{"C2_OneContext/ended_before_submit_never_runs", 0, c2Before},
	{"C2_OneContext/ended_in_queue/worker_reaches_it", queues, c2Queue},
	{"C2_OneContext/ended_in_queue/then_awaited", queues, c2ThenAwaited},
	{"C2_OneContext/ended_in_queue/while_awaited", queues, c2WhileAwaited},
	{"C2_OneContext/ended_in_queue/deadline", queues, c2Deadline},
	{"C2_OneContext/ended_in_queue/frees_room_for_a_submitter", queues, c2FreesRoom},
	{"C2_OneContext/ended_in_queue/frees_room_for_a_blocked_submitter", queues, c2FreesBlocked},
	{"C2_OneContext/ended_in_queue/many_with_one_ctx", queues, c2Many},
}

func c2Values(e *env) {
	r := e.runner(Options{})
	at := time.Now().Add(time.Minute)
	ctx, cancel := context.WithDeadline(context.WithValue(background, key{}, "v"), at)
	defer cancel()
	check := func(ctx context.Context) {
		equal(e, "value", ctx.Value(key{}), any("v"))
		got, has := ctx.Deadline()
		equal(e, "has a deadline", has, true)
		equal(e, "deadline", got.Equal(at), true)
		ok(e, "Err", ctx.Err())
	}
	_, err := quartet.Do(ctx, r, func(ctx context.Context) (none, error) {
		check(ctx)
		return quartet.Go(ctx, r, func(ctx context.Context) (none, error) { check(ctx); return none{}, nil }).Await(ctx)
	})
	ok(e, "task", err)
	p := &probe{fn: check}
	ok(e, "submit", r.SubmitTask(ctx, p))
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	p.want(e, "bare task", 1, 0, nil)
}

func c2Cause(e *env) {
	r := e.runner(Options{})
	for _, bare := range []bool{false, true} {
		ctx, cancel := context.WithCancelCause(background)
		wait := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
		o := asideErr(func() error {
			if !bare {
				_, err := quartet.Do(ctx, r, func(ctx context.Context) (none, error) { return none{}, wait(ctx) })
				return err
			}
			got := make(chan error, 1)
			if err := r.SubmitTask(ctx, quartet.TaskFunc(func(ctx context.Context) { got <- wait(ctx) })); err != nil {
				return err
			}
			return <-got
		})
		equal(e, "task has ended", o.ended(), false)
		cancel(errCause)
		_, err := o.wait(e)
		is(e, "cause seen by the task", err, errCause)
	}
}

func c2Room(e *env) {
	r := e.runner(Options{Queue: 1})
	e.hold(r, e.size)
	ok(e, "submit", r.SubmitTask(background, &probe{}))
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(background, time.Minute, errCause)
	defer cancel()
	is(e, "submit", r.SubmitTask(ctx, &probe{}), errCause)
	equal(e, "waited for room", time.Since(began), time.Minute)
}

func c2Before(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithCancelCause(background)
	cancel(errCause)
	ran := false
	_, err := await(e, quartet.Go(ctx, r, func(context.Context) (none, error) { ran = true; return none{}, nil }))
	is(e, "future", err, errCause)
	_, err = quartet.Do(ctx, r, func(context.Context) (none, error) { ran = true; return none{}, nil })
	is(e, "Do", err, errCause)
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	equal(e, "ran", ran, false)
}

type queued struct {
	f      *quartet.Future[none]
	cancel context.CancelCauseFunc
	p      probe
}

// c2Queued puts a task behind a gate that holds every slot.
func c2Queued(e *env, r quartet.Runner) (*queued, *gate) {
	g := e.hold(r, e.size)
	q := &queued{}
	ctx, cancel := context.WithCancelCause(background)
	q.cancel = cancel
	q.f = quartet.Go(ctx, r, func(ctx context.Context) (none, error) { q.p.Run(ctx); return none{}, nil })
	synctest.Wait()
	return q, g
}

func c2Queue(e *env) {
	r := e.runner(Options{})
	q, g := c2Queued(e, r)
	q.cancel(errCause)
	g.open()
	synctest.Wait() // a worker has reached it, nobody has awaited it
	_, err := q.f.Result()
	is(e, "Result", err, errCause)
	q.p.want(e, "task", 0, 0, nil)
}

func c2ThenAwaited(e *env) {
	r := e.runner(Options{})
	q, g := c2Queued(e, r)
	q.cancel(errCause)
	_, err := await(e, q.f) // no slot is free yet
	is(e, "Await", err, errCause)
	g.open()
	synctest.Wait()
	q.p.want(e, "task", 0, 0, nil)
}

func c2WhileAwaited(e *env) {
	r := e.runner(Options{})
	q, _ := c2Queued(e, r)
	o := aside(func() (none, error) { return q.f.Await(background) })
	equal(e, "Await has returned", o.ended(), false)
	q.cancel(errCause)
	if !o.ended() {
		e.Fatal("an awaited future of a task whose ctx ended in the queue has not ended")
	}
	is(e, "Await", o.err, errCause)
}

func c2Deadline(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	ctx, cancel := context.WithTimeoutCause(background, time.Second, errCause)
	defer cancel()
	var p probe
	ok(e, "submit", r.SubmitTask(ctx, &p))
	time.Sleep(2 * time.Second)
	g.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	p.want(e, "task whose deadline passed in the queue", 0, 1, errCause)
}

func c2FreesRoom(e *env) {
	r := e.runner(Options{Queue: 1})
	q, _ := c2Queued(e, r)
	q.cancel(errCause)
	o := asideErr(func() error { return r.SubmitTask(background, &probe{}) })
	equal(e, "submitter has room", o.ended(), true)
	ok(e, "submit", o.err)
}

func c2FreesBlocked(e *env) {
	r := e.runner(Options{Queue: 1})
	q, g := c2Queued(e, r)
	var p probe
	o := asideErr(func() error { return r.SubmitTask(background, &p) })
	equal(e, "submitter has room", o.ended(), false)
	q.cancel(errCause)
	equal(e, "submitter has room after the cancellation", o.ended(), true)
	ok(e, "submit", o.err)
	_, err := q.f.Result()
	is(e, "future whose room was taken", err, errCause)
	g.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	p.want(e, "task that waited for room", 1, 0, nil)
}

func c2Many(e *env) {
	const n = 100
	r := e.runner(Options{Queue: n})
	g := e.hold(r, e.size)
	ctx, cancel := context.WithCancelCause(background)
	probes := make([]probe, n)
	for i := range probes {
		ok(e, "submit", r.SubmitTask(ctx, &probes[i]))
	}
	cancel(errCause)
	synctest.Wait()
	for range n { // all the room is back
		c, stop := context.WithTimeout(background, time.Second)
		ok(e, "submit", r.SubmitTask(c, quartet.TaskFunc(func(context.Context) {})))
		defer stop()
	}
	g.open()
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	for i := range probes {
		probes[i].want(e, "task", 0, 1, errCause)
	}
}
