package executortest

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

var clause14 = []test{
	{"C14_Cost/an_ended_future_keeps_no_ctx_and_no_closure", 0, c14Ended},
	{"C14_Cost/a_cancelled_future_keeps_no_ctx_and_no_closure", queues, c14Cancelled},
	{"C14_Cost/a_context_that_outlives_its_task_keeps_its_values", 0, c14Values},
	{"C14_Cost/a_chain_of_successors_keeps_nothing", queues, c14Chain},
	{"C14_Cost/a_chain_of_successors_costs_each_the_same", queues, c14Steps},
}

// heavy is something whose end can be seen.
type heavy struct{ _ [1024]byte }

// kept counts what the garbage collector has not taken.
type kept struct{ n atomic.Int64 }

func (k *kept) add() *heavy {
	h := new(heavy)
	k.n.Add(1)
	runtime.AddCleanup(h, func(n *atomic.Int64) { n.Add(-1) }, &k.n)
	return h
}

// settled collects until no more than most are left, or that seems to be all.
func (k *kept) settled(most int64) int64 {
	for range 200 {
		if runtime.GC(); k.n.Load() <= most {
			break
		}
		runtime.Gosched()
	}
	return k.n.Load()
}

// weigh submits a task whose ctx and closure are heavy.
func (k *kept) weigh(r quartet.Runner) *quartet.Future[int] {
	ctx, cancel := context.WithCancel(context.WithValue(background, key{}, k.add()))
	_ = cancel
	own := k.add()
	return quartet.Go(ctx, r, func(ctx context.Context) (int, error) {
		runtime.KeepAlive(own)
		return 1, nil
	})
}

func c14Ended(e *env) {
	r := e.runner(Options{})
	var k kept
	fs := make([]*quartet.Future[int], 20)
	for i := range fs {
		fs[i] = k.weigh(r)
		_, err := await(e, fs[i])
		ok(e, "task", err)
	}
	synctest.Wait()
	equal(e, "contexts and closures that ended futures keep", k.settled(0), 0)
	runtime.KeepAlive(fs)
}

func c14Cancelled(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	var k kept
	fs := make([]*quartet.Future[int], 20)
	for i := range fs {
		fs[i] = k.weigh(r)
		equal(e, "cancelled before it started", fs[i].Cancel(errCause), true)
	}
	synctest.Wait()
	equal(e, "contexts and closures that cancelled futures keep", k.settled(0), 0)
	runtime.KeepAlive(fs)
	g.open()
}

func c14Values(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithCancel(context.WithValue(background, key{}, "v"))
	defer cancel()
	var outlives, detached context.Context
	_, err := quartet.Do(ctx, r, func(ctx context.Context) (none, error) {
		outlives, detached = context.WithoutCancel(ctx), quartet.Detach(ctx)
		return none{}, nil
	})
	ok(e, "Do", err)
	synctest.Wait()
	equal(e, "a value, without the end", outlives.Value(key{}), any("v"))
	equal(e, "a value, detached", detached.Value(key{}), any("v"))
	is(e, "the ended task's ctx", detached.Err(), context.Canceled)
	current, _ := quartet.Current(detached)
	equal(e, "Current", current, quartet.Executor(r))
}

// successors runs a chain of tasks, each of which submits the next with context.WithoutCancel and
// then ends, and calls visit in each.
func successors(e *env, ctx context.Context, r quartet.Runner, links int, visit func(ctx context.Context, link int)) {
	done := make(chan none)
	var link func(n int) func(context.Context) (none, error)
	link = func(n int) func(context.Context) (none, error) {
		return func(ctx context.Context) (none, error) {
			visit(ctx, n)
			if n == links {
				close(done)
			} else {
				quartet.Go(context.WithoutCancel(ctx), r, link(n+1))
			}
			return none{}, nil
		}
	}
	quartet.Go(ctx, r, link(1))
	<-done
}

// liveObjects is how many objects the garbage collector leaves.
func liveObjects() int64 {
	var m runtime.MemStats
	for range 2 { // the second takes what cleanups and pools have let go
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapObjects)
}

func c14Chain(e *env) {
	const early, links = 100, 3000
	r := e.runner(Options{})
	ctx, cancel := context.WithCancel(context.WithValue(background, key{}, "v"))
	defer cancel()
	var before int64
	successors(e, ctx, r, links, func(ctx context.Context, n int) {
		equal(e, "a value of the first link's", ctx.Value(key{}), any("v"))
		_ = ctx.Done() // a real context
		switch n {
		case early:
			before = liveObjects()
		case links:
			if more := liveObjects() - before; more > (links-early)/4 {
				e.Errorf("%d links more keep %d objects more", links-early, more)
			}
		}
	})
}

// counted counts the look-ups that reach it.
type counted struct {
	context.Context
	n *atomic.Int64
}

func (c counted) Value(key any) any {
	c.n.Add(1)
	return c.Context.Value(key)
}

func c14Steps(e *env) {
	const early, late = 100, 5000
	r := e.runner(Options{})
	var lookups atomic.Int64
	var from, cost [2]int64
	successors(e, counted{background, &lookups}, r, late+10, func(ctx context.Context, n int) {
		for i, at := range []int{early, late} {
			switch n {
			case at:
				from[i] = lookups.Load()
			case at + 10:
				cost[i] = lookups.Load() - from[i]
			}
		}
	})
	if cost[1] > cost[0] {
		e.Errorf("ten links look up %d values at first, and %d late in the chain", cost[0], cost[1])
	}
	allocs := func(links int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		successors(e, background, r, links, func(context.Context, int) {})
		runtime.ReadMemStats(&after)
		return (after.Mallocs - before.Mallocs) / uint64(links)
	}
	allocs(100)
	if short, long := allocs(200), allocs(4000); long > short+1 {
		e.Errorf("a link costs %d allocations in a short chain, and %d in a long one", short, long)
	}
}
