package executortest

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause6Limits = []test{
	{"C6_Waiting/limit_is_reached_and_never_exceeded", queues, c6Limit},
	{"C6_Waiting/limit_holds_with_blocked_submitters", queues, c6LimitBlocked},
	{"C6_Waiting/limit_holds_around_waits", queues, c6LimitWaits},
	{"C6_InFlight/never_exceeded", queues, c6InFlight},
	{"C6_InFlight/waiting_tasks_count", queues, c6InFlightWaiting},
	{"C6_InFlight/blocked_submitter_gets_the_room", queues, c6InFlightRoom},
	{"C6_InFlight/inside_is_exempt", queues, c6InFlightInside},
	{"C6_Queue/inside_lends_its_slot_for_room", queues, c6InsideRoom},
	{"C6_Queue/every_blocked_submitter_gets_in", queues, c6Blocked},
}

func c6Limit(e *env) {
	r := e.runner(Options{})
	var p peak
	var fs []*quartet.Future[none]
	for range 10 * e.size {
		fs = append(fs, quartet.Go(background, r, func(context.Context) (none, error) {
			p.enter()
			defer p.leave()
			time.Sleep(time.Second) // a wait that the task does not name keeps the slot
			return none{}, nil
		}))
	}
	began := time.Now()
	for _, f := range fs {
		_, err := await(e, f)
		ok(e, "task", err)
	}
	equal(e, "at once", p.most.Load(), int64(e.size))
	equal(e, "virtual time", time.Since(began), 10*time.Second)
}

func c6LimitBlocked(e *env) {
	r := e.runner(Options{Queue: 1})
	var p peak
	var os []*outcome[none]
	for range 10 * e.size {
		os = append(os, aside(func() (none, error) {
			return quartet.Do(background, r, func(context.Context) (none, error) {
				p.enter()
				time.Sleep(time.Second)
				p.leave()
				return none{}, nil
			})
		}))
	}
	for _, o := range os {
		_, err := o.wait(e)
		ok(e, "task", err)
	}
	equal(e, "at once", p.most.Load(), int64(e.size))
}

func c6LimitWaits(e *env) {
	r := e.runner(Options{})
	var p peak
	work := func() { p.enter(); time.Sleep(time.Millisecond); p.leave() }
	var fs []*quartet.Future[none]
	for i := range 6 * e.size {
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (none, error) {
			work()
			child := quartet.Go(ctx, r, func(context.Context) (none, error) { work(); return none{}, nil })
			work()
			if _, err := child.Await(ctx); err != nil {
				return none{}, err
			}
			work()
			err := quartet.Suspend(ctx,
				func(resume func()) { time.AfterFunc(time.Duration(i%3)*time.Millisecond, resume) })
			work()
			return none{}, err
		}))
	}
	for _, f := range fs {
		_, err := await(e, f)
		ok(e, "task", err)
	}
	if most := p.most.Load(); most > int64(e.size) {
		e.Errorf("%d tasks ran at once, the limit is %d", most, e.size)
	}
	e.strength(r)
}

// c6Fill makes an executor with room for n more than its slots, and fills it with tasks that run
// fn.
func c6Fill(e *env, fn func(ctx context.Context)) quartet.Runner {
	n := e.size + 2
	r := e.runner(Options{InFlight: n})
	for range n {
		ctx, cancel := context.WithTimeoutCause(background, time.Second, errCause)
		e.Cleanup(cancel)
		ok(e, "submit within InFlight", r.SubmitTask(context.WithoutCancel(ctx), quartet.TaskFunc(fn)))
	}
	synctest.Wait()
	return r
}

func c6Full(e *env, r quartet.Runner) {
	e.Helper()
	ctx, cancel := context.WithTimeoutCause(background, time.Second, errCause)
	defer cancel()
	var p probe
	is(e, "submit beyond InFlight", r.SubmitTask(ctx, &p), errCause)
	equal(e, "outcomes of the refused", p.outcomes(), 0)
}

func c6InFlight(e *env) {
	g := newGate()
	e.Cleanup(g.open)
	r := c6Fill(e, g.wait)
	c6Full(e, r)
	g.open()
	synctest.Wait()
	ok(e, "submit when all have ended", r.SubmitTask(background, &probe{}))
}

func c6InFlightWaiting(e *env) {
	release := make(chan none)
	r := c6Fill(e, func(ctx context.Context) {
		ok(e, "Suspend", quartet.Suspend(ctx, func(resume func()) { go func() { <-release; resume() }() }))
	})
	c6Full(e, r) // every slot is free, every task waits
	close(release)
	synctest.Wait()
	ok(e, "submit when all have ended", r.SubmitTask(background, &probe{}))
}

func c6InFlightRoom(e *env) {
	g := newGate()
	r := c6Fill(e, g.wait)
	const n = 10
	var probes [n]probe
	var os []*outcome[none]
	for i := range probes {
		os = append(os, asideErr(func() error { return r.SubmitTask(background, &probes[i]) }))
	}
	for _, o := range os {
		equal(e, "submitter got in", o.ended(), false)
	}
	g.open()
	for _, o := range os {
		_, err := o.wait(e)
		ok(e, "submit", err)
	}
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	for i := range probes {
		probes[i].want(e, "task that waited for room", 1, 0, nil)
	}
}

func c6InFlightInside(e *env) {
	r := e.runner(Options{InFlight: 1})
	sum, err := quartet.Do(background, r, func(ctx context.Context) (int, error) {
		var fs []*quartet.Future[int]
		for i := range 20 {
			fs = append(fs, quartet.Go(ctx, r, func(context.Context) (int, error) { return i, nil }))
		}
		vs, err := quartet.AwaitAll(ctx, fs...)
		sum := 0
		for _, v := range vs {
			sum += v
		}
		return sum, err
	})
	ok(e, "task", err)
	equal(e, "sum", sum, 190)
}

func c6InsideRoom(e *env) {
	r := e.runner(Options{Queue: 1})
	const n = 20
	var fs []*quartet.Future[int]
	for range 2 * e.size { // each waits for room that only the others' slots can make
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (int, error) {
			var children []*quartet.Future[int]
			for range n {
				children = append(children, quartet.Go(ctx, r, func(context.Context) (int, error) { return 1, nil }))
			}
			vs, err := quartet.AwaitAll(ctx, children...)
			return len(vs), err
		}))
	}
	for _, f := range fs {
		v, err := await(e, f)
		ok(e, "task", err)
		equal(e, "children", v, n)
	}
	e.strength(e.runner(Options{}))
}

func c6Blocked(e *env) {
	r := e.runner(Options{Queue: 1})
	g := e.hold(r, e.size)
	const n = 50
	var probes [n]probe
	var os []*outcome[none]
	for i := range probes {
		os = append(os, asideErr(func() error { return r.SubmitTask(background, &probes[i]) }))
	}
	synctest.Wait()
	g.open()
	for _, o := range os {
		_, err := o.wait(e)
		ok(e, "submit", err)
	}
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	for i := range probes {
		probes[i].want(e, "task", 1, 0, nil)
	}
}
