package main

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Jeffail/tunny"
	"github.com/panjf2000/ants/v2"
	"golang.org/x/sync/errgroup"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/bench/versus"
	"github.com/quartet-go/quartet/workerpool"
)

var all = []submitter{ours, antsPool, pondPool, concPool, gammazeroPool, errgroupLimit, gopoolPool, channel, bare}

// bounds are the goals and floors for the ratio of our time to a peer's, by the peer's name.
type bounds map[string][2]float64

var cases = []versus.Case{
	{Name: "empty task, 1 submitter, 16 workers", Contenders: each(all, 300_000, empty(1, 16), bounds{
		"ants": {0.08, 0.15}, "channel+N": {0.95, 1.25}, "pond.Go": {0.4, 0}, "errgroup": {0.13, 0},
	})},
	{Name: "empty task, 16 submitters, 16 workers", Contenders: each(all, 300_000, empty(16, 16), bounds{
		"ants": {0.08, 0.15}, "channel+N": {0.85, 1.05}, "pond.Go": {0.4, 0}, "errgroup": {0.13, 0},
	})},
	{Name: "burst of 100,000 on 8 workers", Contenders: each(all, 100_000, empty(1, 8), bounds{"ants": {0.07, 0}})},
	{
		Name: "1 µs of CPU per task, 1 submitter, 2 workers",
		Contenders: each([]submitter{ours, antsPool, pondPool, errgroupLimit, channel}, 200_000, micro,
			bounds{"channel+N": {0.95, 0}}),
	},
	{Name: "Do of an int, 1 caller", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(100_000, doOurs(1, background))},
		{Name: "ants+channel", Do: versus.Timed(100_000, awaitPeer(antsPool, 1)), Goal: 0.35, Floor: 0.60},
		{Name: "tunny", Do: versus.Timed(100_000, awaitTunny)},
	}},
	{Name: "Do of an int, 1 caller, a ctx that can end", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(100_000, doOurs(1, canEnd))},
		{Name: "ants+channel", Do: versus.Timed(100_000, awaitPeer(antsPool, 1)), Goal: 0.35, Floor: 0.60},
	}},
	{Name: "Do of an int, nested in a worker", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(50_000, nestedDo)},
		{Name: "ants+channel", Do: versus.Timed(50_000, nestedAnts), Goal: 0.35, Floor: 0.60},
	}},
	{Name: "Do of an int, 16 callers on 16 workers", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(100_000, doOurs(16, background))},
		{Name: "ants+channel", Do: versus.Timed(100_000, awaitPeer(antsPool, 16)), Goal: 0.45, Floor: 0.80},
	}},
	{Name: "Go and Await of an int, 1 caller", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(100_000, awaitOurs(1))},
		{Name: "ants+channel", Do: versus.Timed(100_000, awaitPeer(antsPool, 1)), Goal: 1.0, Floor: 1.3},
		{Name: "channel+N+channel", Do: versus.Timed(100_000, awaitPeer(channel, 1))},
		{Name: "two switches alone", Do: versus.Timed(100_000, pingPong)},
	}},
	{Name: "Go and Await of an int, 16 callers", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(100_000, awaitOurs(16))},
		{Name: "ants+channel", Do: versus.Timed(100_000, awaitPeer(antsPool, 16))},
		{Name: "channel+N+channel", Do: versus.Timed(100_000, awaitPeer(channel, 16))},
	}},
	{Name: "Go and Await of an int, each under a ctx of its own, 1 caller", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(100_000, awaitCtxOurs)},
		{Name: "ants+channel", Do: versus.Timed(100_000, awaitCtxAnts)},
	}},
	{Name: "Go and Await of an int, nested in a worker", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(50_000, nestedOurs)},
		{Name: "ants+channel", Do: versus.Timed(50_000, nestedAnts)},
	}},
	{Name: "Map of an empty function over 1,000,000 inputs, 16 at a time", Contenders: []versus.Contender{
		{Name: "quartet", Do: versus.Timed(1_000_000, mapOurs)},
		{Name: "errgroup", Do: versus.Timed(1_000_000, mapErrgroup), Goal: 0.5, Floor: 0.9},
	}},
	{
		Name: "1,000,000 sleeps of 10 ms on 50,000 workers", Long: true,
		Contenders: each([]submitter{ours, antsPool, bare}, 1_000_000, sleep, bounds{"ants": {0.55, 0}}),
	},
	{
		Name: "1,000,000 sleeps of 10 ms on 50,000 workers, peak memory", Unit: "bytes", Long: true,
		Contenders: []versus.Contender{
			{Name: "quartet", Do: peakOf(ours, 1_000_000)},
			{Name: "ants", Do: peakOf(antsPool, 1_000_000)},
			{Name: "go", Do: peakOf(bare, 1_000_000), Goal: 0.4},
		},
	},
}

func each(pools []submitter, n int, do func(p submitter, n int) time.Duration, to bounds) []versus.Contender {
	cs := make([]versus.Contender, len(pools))
	for i, p := range pools {
		cs[i] = versus.Contender{
			Name: p.name, Goal: to[p.name][0], Floor: to[p.name][1],
			Do: versus.Timed(n, func(n int) time.Duration { return do(p, n) }),
		}
	}
	return cs
}

// tasks runs n tasks from some submitters and returns the time until the last has run.
func tasks(p submitter, submitters, workers, n int, work func()) time.Duration {
	submit, shut := p.open(workers)
	defer shut()
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan struct{})
	task := func() {
		work()
		if left.Add(-1) == 0 {
			close(done)
		}
	}
	begin := time.Now()
	var senders sync.WaitGroup
	for i := range submitters {
		senders.Go(func() {
			for range n*(i+1)/submitters - n*i/submitters {
				submit(task)
			}
		})
	}
	senders.Wait()
	<-done
	return time.Since(begin)
}

func empty(submitters, workers int) func(submitter, int) time.Duration {
	return func(p submitter, n int) time.Duration { return tasks(p, submitters, workers, n, func() {}) }
}

func micro(p submitter, n int) time.Duration {
	return tasks(p, 1, 2, n, func() {
		x := uint64(88172645463325252)
		for range 500 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		sink.Store(x)
	})
}

var sink atomic.Uint64

func sleep(p submitter, n int) time.Duration {
	return tasks(p, 1, 50_000, n, func() { time.Sleep(10 * time.Millisecond) })
}

func one(context.Context) (int, error) { return 1, nil }

// callers runs call n times, on some goroutines at once, and returns the time that took.
func callers(goroutines, n int, call func()) time.Duration {
	begin := time.Now()
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			for range n*(i+1)/goroutines - n*i/goroutines {
				call()
			}
		})
	}
	all.Wait()
	return time.Since(begin)
}

func awaitOurs(goroutines int) func(n int) time.Duration {
	return func(n int) time.Duration {
		p := workerpool.New(workerpool.Config{Workers: 16})
		defer p.Close()
		return callers(goroutines, n, func() { _, _ = quartet.Go(background, p, one).Await(background) })
	}
}

// canEnd is a ctx that can end, and does not.
var canEnd = func() context.Context {
	ctx, cancel := context.WithCancel(background)
	_ = cancel
	return ctx
}()

func doOurs(goroutines int, ctx context.Context) func(n int) time.Duration {
	return func(n int) time.Duration {
		p := workerpool.New(workerpool.Config{Workers: 16})
		defer p.Close()
		return callers(goroutines, n, func() { _, _ = quartet.Do(ctx, p, one) })
	}
}

func nestedDo(n int) time.Duration {
	p := workerpool.New(workerpool.Config{Workers: 2})
	defer p.Close()
	begin := time.Now()
	_, _ = quartet.Do(background, p, func(ctx context.Context) (int, error) {
		for range n {
			_, _ = quartet.Do(ctx, p, one)
		}
		return 0, nil
	})
	return time.Since(begin)
}

func mapOurs(n int) time.Duration {
	p := workerpool.New(workerpool.Config{Workers: 16})
	defer p.Close()
	begin := time.Now()
	empty := func(context.Context, int) (int, error) { return 1, nil }
	for _, err := range quartet.Map(background, p, numbers(n), empty, quartet.Ahead(16)) {
		if err != nil {
			panic(err)
		}
	}
	return time.Since(begin)
}

func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// mapErrgroup has a place for each result, as callers of errgroup write it.
func mapErrgroup(n int) time.Duration {
	results := make([]int, n)
	begin := time.Now()
	g, _ := errgroup.WithContext(background)
	g.SetLimit(16)
	for i := range n {
		g.Go(func() error {
			results[i] = 1
			return nil
		})
	}
	_ = g.Wait()
	return time.Since(begin)
}

func awaitPeer(p submitter, goroutines int) func(n int) time.Duration {
	return func(n int) time.Duration {
		submit, shut := p.open(16)
		defer shut()
		return callers(goroutines, n, func() {
			result := make(chan int, 1)
			submit(func() { result <- 1 })
			<-result
		})
	}
}

func awaitTunny(n int) time.Duration {
	p := tunny.NewFunc(16, func(any) any { return 1 })
	defer p.Close()
	return callers(1, n, func() { _ = p.Process(nil).(int) })
}

// pingPong is what no pool can be faster than whose task runs on another goroutine than its waiter:
// a hand-over there and one back, with no task, queue or allocation.
func pingPong(n int) time.Duration {
	there, back := make(chan int), make(chan int)
	defer close(there)
	go func() {
		for v := range there {
			back <- v
		}
	}()
	return callers(1, n, func() {
		there <- 1
		<-back
	})
}

func awaitCtxOurs(n int) time.Duration {
	p := workerpool.New(workerpool.Config{Workers: 16})
	defer p.Close()
	return callers(1, n, func() {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		_, _ = quartet.Go(ctx, p, one).Await(ctx)
	})
}

func awaitCtxAnts(n int) time.Duration {
	p, _ := ants.NewPool(16)
	defer p.Release()
	return callers(1, n, func() {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		result := make(chan int, 1)
		_ = p.Submit(func() { result <- 1 })
		select {
		case <-result:
		case <-ctx.Done():
		}
	})
}

func nestedOurs(n int) time.Duration {
	p := workerpool.New(workerpool.Config{Workers: 2})
	defer p.Close()
	begin := time.Now()
	_, _ = quartet.Do(background, p, func(ctx context.Context) (int, error) {
		for range n {
			_, _ = quartet.Go(ctx, p, one).Await(ctx)
		}
		return 0, nil
	})
	return time.Since(begin)
}

func nestedAnts(n int) time.Duration {
	p, _ := ants.NewPool(2)
	defer p.Release()
	done := make(chan struct{})
	begin := time.Now()
	_ = p.Submit(func() {
		for range n {
			result := make(chan int, 1)
			_ = p.Submit(func() { result <- 1 })
			<-result
		}
		close(done)
	})
	<-done
	return time.Since(begin)
}
