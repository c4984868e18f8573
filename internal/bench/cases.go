package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/ants/v2"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

var all = []submitter{ours, antsPool, pondPool, concPool, gammazeroPool, errgroupLimit, gopoolPool, channel, bare}

var cases = []benchCase{
	{name: "empty task, 1 submitter, 16 workers", n: 300_000, contenders: each(all, empty(1, 16))},
	{name: "empty task, 16 submitters, 16 workers", n: 300_000, contenders: each(all, empty(16, 16))},
	{name: "burst of 100,000 on 8 workers", n: 100_000, contenders: each(all, empty(1, 8))},
	{name: "1 µs of CPU per task, 1 submitter, 2 workers", n: 200_000, contenders: each([]submitter{ours, antsPool, pondPool, errgroupLimit, channel}, micro)},
	{name: "submit and await an int, 1 caller", n: 100_000, contenders: []contender{
		{"quartet", awaitOurs}, {"ants+channel", awaitAnts}, {"channel+N+channel", awaitChannel},
	}},
	{name: "submit and await an int, nested in a worker", n: 50_000, contenders: []contender{
		{"quartet", nestedOurs}, {"ants+channel", nestedAnts},
	}},
	{name: "1,000,000 sleeps of 10 ms on 50,000 workers", n: 1_000_000, long: true, contenders: each([]submitter{ours, antsPool, bare}, sleep)},
}

func each(pools []submitter, do func(p submitter, n int) time.Duration) []contender {
	cs := make([]contender, len(pools))
	for i, p := range pools {
		cs[i] = contender{p.name, func(n int) time.Duration { return do(p, n) }}
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

func awaitOurs(n int) time.Duration {
	p := workerpool.New(workerpool.Config{Workers: 16})
	defer p.Close()
	begin := time.Now()
	for range n {
		_, _ = quartet.Go(background, p, one).Await(background)
	}
	return time.Since(begin)
}

func awaitAnts(n int) time.Duration {
	p, _ := ants.NewPool(16)
	defer p.Release()
	begin := time.Now()
	for range n {
		result := make(chan int, 1)
		_ = p.Submit(func() { result <- 1 })
		<-result
	}
	return time.Since(begin)
}

func awaitChannel(n int) time.Duration {
	submit, shut := channel.open(16)
	defer shut()
	begin := time.Now()
	for range n {
		result := make(chan int, 1)
		submit(func() { result <- 1 })
		<-result
	}
	return time.Since(begin)
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
