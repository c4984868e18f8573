package executortest

import (
	"context"
	"iter"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var collecting = []test{
	{"S3_AwaitAll/results_in_order", 0, allOrder},
	{"S3_AwaitAll/first_error_cancels_nothing", queues, allError},
	{"S3_Completed/in_the_order_of_their_ends", queues, completedOrder},
	{"S3_Completed/last_pair_carries_the_cause", queues, completedCtx},
	{"S3_Completed/early_break", queues, completedBreak},
	{"S3_Group/all_are_joined", 0, groupJoins},
	{"S3_Group/first_error_cancels_the_siblings", queues, groupError},
	{"S3_Group/several_errors", queues, groupErrors},
	{"S3_Group/named_functions", calls, groupNamed},
	{"S3_Group/inside_a_task", 0, groupInside},
	{"S3_Map/in_order", 0, mapOrder},
	{"S3_Map/unordered", queues, mapUnordered},
	{"S3_Map/lazy", 0, mapLazy},
	{"S3_Map/ahead", queues, mapAhead},
	{"S3_Map/early_break_cancels_and_joins", queues, mapBreak},
	{"S3_Map/ctx_ends", queues, mapCtx},
	{"S3_Map/inside_a_task", 0, mapInside},
}

func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// after ends with n, n milliseconds from now.
func after(ctx context.Context, n int) (int, error) {
	return n, quartet.Suspend(ctx, func(resume func()) { time.AfterFunc(time.Duration(n)*time.Millisecond, resume) })
}

func goAfter(r quartet.Runner, ms ...int) (fs []*quartet.Future[int]) {
	for _, n := range ms {
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (int, error) { return after(ctx, n) }))
	}
	return fs
}

func allOrder(e *env) {
	r := e.runner(Options{})
	vs, err := quartet.AwaitAll(e.ctx(), goAfter(r, 5, 3, 4)...)
	ok(e, "AwaitAll", err)
	equal(e, "values", len(vs) == 3 && vs[0] == 5 && vs[1] == 3 && vs[2] == 4, true)
	vs, err = quartet.AwaitAll[int](e.ctx())
	ok(e, "AwaitAll of none", err)
	equal(e, "values of none", len(vs), 0)
}

func allError(e *env) {
	r := e.runner(Options{})
	bad := quartet.Go(background, r, func(context.Context) (int, error) { return 0, errCause })
	slow := goAfter(r, 1000)[0]
	_, err := quartet.AwaitAll(e.ctx(), bad, slow)
	is(e, "AwaitAll", err, errCause)
	v, err := await(e, slow)
	ok(e, "sibling", err)
	equal(e, "value", v, 1000)
}

func completedOrder(e *env) {
	r := e.runner(Options{})
	var got []int
	for f, err := range quartet.Completed(e.ctx(), goAfter(r, 30, 10, 20)...) {
		ok(e, "pair", err)
		v, err := f.Result()
		ok(e, "Result", err)
		got = append(got, v)
	}
	equal(e, "order", len(got) == 3 && got[0] == 10 && got[1] == 20 && got[2] == 30, true)
}

func completedCtx(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithTimeoutCause(background, 15*time.Millisecond, errCause)
	defer cancel()
	var errs []error
	for _, err := range quartet.Completed(ctx, goAfter(r, 10, 20)...) {
		errs = append(errs, err)
	}
	if len(errs) != 2 || errs[0] != nil {
		e.Fatalf("errors: %v", errs)
	}
	is(e, "last pair", errs[1], errCause)
}

func completedBreak(e *env) {
	r := e.runner(Options{})
	fs := goAfter(r, 10, 20)
	for f := range quartet.Completed(e.ctx(), fs...) {
		equal(e, "first", f, fs[0])
		break
	}
	v, err := await(e, fs[1]) // goes on
	ok(e, "the other", err)
	equal(e, "value", v, 20)
}

func groupJoins(e *env) {
	r := e.runner(Options{})
	g := quartet.NewGroup(background, r)
	var p probe
	for range 10 {
		g.Go(func(ctx context.Context) error {
			_, err := after(ctx, 5)
			p.Run(ctx)
			return err
		})
	}
	ok(e, "Wait", g.Wait(e.ctx()))
	equal(e, "ran", p.ran.Load(), 10)
	ok(e, "Wait of none", quartet.NewGroup(background, r).Wait(e.ctx()))
}

func groupError(e *env) {
	r := e.runner(Options{})
	g := quartet.NewGroup(background, r)
	var left peak
	for range 3 {
		g.Go(func(ctx context.Context) error {
			left.enter()
			_, err := forever(ctx)
			time.Sleep(time.Second) // takes its time to go
			left.leave()
			return err
		})
	}
	synctest.Wait()
	g.Go(func(context.Context) error { return errCause })
	err := g.Wait(e.ctx())
	equal(e, "Wait gives the first error alone", err, errCause)
	equal(e, "started siblings", left.most.Load() > 0, true)
	equal(e, "siblings that Wait did not join", left.now.Load(), 0)
}

func groupErrors(e *env) {
	r := e.runner(Options{})
	g := quartet.NewGroup(background, r)
	g.Go(func(ctx context.Context) error { _, _ = forever(ctx); return errOther })
	synctest.Wait()
	g.Go(func(context.Context) error { return errCause })
	err := g.Wait(e.ctx())
	is(e, "Wait", err, errCause)
	is(e, "Wait", err, errOther)
}

func groupNamed(e *env) {
	ex := e.executor(Options{})
	g := quartet.NewGroup(background, ex)
	for i := range 10 {
		quartet.GroupGo(g, identity, i)
	}
	ok(e, "Wait", g.Wait(e.ctx()))
	g = quartet.NewGroup(background, ex)
	quartet.GroupGo(g, fails, "")
	is(e, "Wait", g.Wait(e.ctx()), errCause)
}

func groupInside(e *env) {
	r := e.runner(Options{})
	_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) {
		g := quartet.NewGroup(ctx, r)
		for range 3 * e.size {
			g.Go(func(ctx context.Context) error { _, err := after(ctx, 1); return err })
		}
		return none{}, g.Wait(ctx)
	})
	ok(e, "task", err)
	if !e.subject.Inline {
		e.strength(r)
	}
}

func mapOrder(e *env) {
	r := e.runner(Options{})
	i := 0
	for v, err := range quartet.Map(e.ctx(), r, upTo(40), func(ctx context.Context, n int) (int, error) {
		if n == 7 {
			return n, errCause
		}
		_, err := after(ctx, 40-n)
		return n, err
	}) {
		equal(e, "value", v, i)
		if i == 7 {
			is(e, "error in its place", err, errCause)
		} else {
			ok(e, "Map", err)
		}
		i++
	}
	equal(e, "results", i, 40)
}

func mapUnordered(e *env) {
	r := e.runner(Options{})
	var got []int
	for v, err := range quartet.Map(e.ctx(), r, upTo(4), func(ctx context.Context, n int) (int, error) {
		return after(ctx, 10*(4-n))
	}, quartet.Unordered(), quartet.Ahead(4)) {
		ok(e, "Map", err)
		got = append(got, v)
	}
	want := []int{40, 30, 20, 10}
	equal(e, "results", len(got), 4)
	for i, v := range got {
		equal(e, "result in the order of the ends", v, want[3-i])
	}
}

func mapLazy(e *env) {
	r := e.runner(Options{})
	pulled := 0
	in := func(yield func(int) bool) {
		for yield(pulled) {
			pulled++
		}
	}
	seq := quartet.Map(e.ctx(), r, in, identity.Local, quartet.Ahead(2))
	equal(e, "pulled before the loop", pulled, 0)
	taken := 0
	for _, err := range seq { // endless input
		ok(e, "Map", err)
		if taken++; taken == 5 {
			break
		}
	}
	if pulled > taken+3 {
		e.Errorf("%d inputs were pulled for %d results with Ahead(2)", pulled, taken)
	}
}

func mapAhead(e *env) {
	r := e.runner(Options{})
	var p peak
	for _, err := range quartet.Map(e.ctx(), r, upTo(30), func(ctx context.Context, n int) (int, error) {
		p.enter()
		defer p.leave()
		return after(ctx, 1+n%3)
	}, quartet.Ahead(3)) {
		ok(e, "Map", err)
	}
	equal(e, "in flight at most", p.most.Load(), 3)
}

func mapBreak(e *env) {
	r := e.runner(Options{})
	var p peak
	for v, err := range quartet.Map(e.ctx(), r, upTo(1000), func(ctx context.Context, n int) (int, error) {
		p.enter()
		defer p.leave()
		if n == 0 {
			return after(ctx, 5)
		}
		_, err := forever(ctx)
		time.Sleep(time.Second)
		return n, err
	}, quartet.Ahead(4)) {
		ok(e, "first", err)
		equal(e, "first", v, 5)
		break
	}
	equal(e, "calls that were not joined", p.now.Load(), 0)
	e.strength(r)
}

func mapCtx(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithTimeoutCause(background, time.Second, errCause)
	defer cancel()
	var last error
	n := 0
	for _, err := range quartet.Map(ctx, r, upTo(10),
		func(ctx context.Context, n int) (none, error) { return forever(ctx) }) {
		last = err
		n++
	}
	is(e, "last pair", last, errCause)
	equal(e, "there was one", n > 0, true)
	e.strength(r)
}

func mapInside(e *env) {
	r := e.runner(Options{})
	sum, err := quartet.Do(background, r, func(ctx context.Context) (sum int, err error) {
		for v, err := range quartet.Map(ctx, r, upTo(20), after, quartet.Unordered()) {
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum, nil
	})
	ok(e, "task", err)
	equal(e, "sum", sum, 190)
}
