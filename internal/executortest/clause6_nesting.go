package executortest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause6Nesting = []test{
	{"C6_Waiting/nesting/fan_out_through_current", calls, c6Fan},
	{"C6_Waiting/nesting/fan_out_of_closures", 0, c6Closures},
	{"C6_Waiting/nesting/chain", 0, c6Chain},
	{"C6_Waiting/nesting/all_slots_await_a_foreign_future", queues, c6Foreign},
	{"C6_Waiting/nesting/await_the_eldest_last", 0, c6Mixed},
	{"C6_Waiting/await_lends_the_slot", queues, c6AwaitLends},
	{"C6_Waiting/suspend_lends_the_slot", queues, c6SuspendLends},
}

// c6Fan has four times as many leaves as there is room in the queue.
func c6Fan(e *env) {
	depth, queue := 10, 256
	if Long() {
		depth, queue = 12, 1024
	}
	ex := e.executor(Options{Queue: queue})
	n, err := fan.Do(e.ctx(), ex, depth)
	ok(e, "fan-out", err)
	equal(e, "calls", n, 1<<(depth+1)-1)
}

func c6Closures(e *env) {
	r := e.runner(Options{})
	var tree func(ctx context.Context, depth int) (int, error)
	tree = func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		var fs []*quartet.Future[int]
		for range 3 {
			fs = append(fs, quartet.Go(ctx, r, func(ctx context.Context) (int, error) { return tree(ctx, depth-1) }))
		}
		sum := 1
		for _, f := range fs {
			n, err := f.Await(ctx)
			if err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, nil
	}
	n, err := quartet.Do(background, r, func(ctx context.Context) (int, error) { return tree(ctx, 6) })
	ok(e, "fan-out", err)
	equal(e, "tasks", n, 1093)
}

// Deep runs a chain of depth tasks, each of which awaits the next.
func Deep(t testing.TB, ex quartet.Executor, depth int) {
	t.Helper()
	n, err := chain.Do(background, ex, depth)
	ok(t, "chain", err)
	equal(t, "tasks", n, depth)
}

func c6Chain(e *env) {
	depth := 1000
	if Long() && !e.subject.Inline {
		depth = 100_000
	}
	Deep(e, e.runner(Options{InFlight: depth + 10}), depth)
}

func c6Foreign(e *env) {
	r := e.runner(Options{})
	var fs []*quartet.Future[int]
	future := newGate()
	var shared *quartet.Future[int]
	for range 2 * e.size {
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (int, error) {
			if err := quartet.Suspend(ctx, func(resume func()) { go func() { <-future.c; resume() }() }); err != nil {
				return 0, err
			}
			return shared.Await(ctx)
		}))
	}
	synctest.Wait()
	g := e.hold(r, e.size) // every waiting task has lent its slot
	shared = quartet.Go(background, r, func(context.Context) (int, error) { return 9, nil })
	future.open()
	synctest.Wait()
	g.open()
	for _, f := range fs {
		v, err := await(e, f)
		ok(e, "Await", err)
		equal(e, "value", v, 9)
	}
	e.strength(r)
}

func c6Mixed(e *env) {
	r := e.runner(Options{})
	var order []int
	_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) {
		var fs []*quartet.Future[int]
		for i := range 20 {
			fs = append(fs, quartet.Go(ctx, r, func(context.Context) (int, error) { return i, nil }))
		}
		for i := len(fs) - 1; i >= 0; i-- {
			v, err := fs[i].Await(ctx)
			ok(e, "Await", err)
			order = append(order, v)
		}
		return none{}, nil
	})
	ok(e, "task", err)
	for i, v := range order {
		equal(e, "value", v, 19-i)
	}
}

// c6Lends has as many tasks wait as there are slots, and checks that every slot is free meanwhile.
func c6Lends(e *env, wait func(ctx context.Context, release <-chan none) error) {
	r := e.runner(Options{})
	release := make(chan none)
	var fs []*quartet.Future[none]
	for range e.size {
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (none, error) {
			return none{}, wait(ctx, release)
		}))
	}
	e.strength(r)
	for _, f := range fs {
		_, err := f.Result()
		is(e, "waiting task", err, quartet.ErrPending)
	}
	close(release)
	for _, f := range fs {
		_, err := await(e, f)
		ok(e, "waiting task", err)
	}
	e.strength(r) // each took its slot again, and gave it back
}

func c6AwaitLends(e *env) {
	other := e.runner(Options{})
	g := newGate()
	e.Cleanup(g.open)
	f := quartet.Go(background, other, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	c6Lends(e, func(ctx context.Context, release <-chan none) error {
		go func() { <-release; g.open() }()
		_, err := f.Await(ctx)
		return err
	})
}

func c6SuspendLends(e *env) {
	c6Lends(e, func(ctx context.Context, release <-chan none) error {
		return quartet.Suspend(ctx, func(resume func()) { go func() { <-release; resume() }() })
	})
}
