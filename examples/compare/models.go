package main

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/workerpool"
)

// request is one piece of work. heavy: a model with a loop and helpers gives it to a helper.
type request struct {
	heavy bool
	work  func(ctx context.Context)
}

// model is one row of a table.
type model struct {
	name, like string
	// open starts the model. serve starts a request and calls done when it has ended; it does not wait for that. shut
	// ends the model when all requests have been answered.
	open func(workers int) (serve func(r request, done func()), shut func())
}

var models = []model{
	{"inline", "no concurrency at all", openInline},
	{"loop", "Node, one thread; asyncio", openLoop},
	{"loop+pool", "Node with worker_threads; asyncio + executor", openLoopAndPool},
	{"pool", "Python's ThreadPoolExecutor without a GIL", openPool},
	{"goroutines", "plain Go", openGoroutines},
}

func task(r request) func(context.Context) (struct{}, error) {
	return func(ctx context.Context) (struct{}, error) {
		r.work(ctx)
		return struct{}{}, nil
	}
}

// openInline answers requests one after the other, in the order in which they come.
func openInline(int) (serve func(request, func()), shut func()) {
	type pair struct {
		r    request
		done func()
	}
	ex, todo := quartet.Inline(), make(chan pair, 1<<16)
	var server sync.WaitGroup
	server.Go(func() {
		for p := range todo {
			quartet.Go(context.Background(), ex, task(p.r)).OnDone(p.done)
		}
	})
	return func(r request, done func()) { todo <- pair{r, done} }, func() { close(todo); server.Wait() }
}

func openLoop(int) (serve func(request, func()), shut func()) {
	loop := eventloop.New(eventloop.Config{SlowCallback: time.Hour}) // being slow is the point here
	loop.Start()
	return func(r request, done func()) { quartet.Go(context.Background(), loop, task(r)).OnDone(done) },
		func() { _ = loop.Close() }
}

func openLoopAndPool(workers int) (serve func(request, func()), shut func()) {
	loop, pool := eventloop.New(eventloop.Config{SlowCallback: time.Hour}), workerpool.New(workerpool.Config{Workers: workers})
	loop.Start()
	serve = func(r request, done func()) {
		if !r.heavy {
			quartet.Go(context.Background(), loop, task(r)).OnDone(done)
			return
		}
		quartet.Go(context.Background(), loop, func(ctx context.Context) (struct{}, error) {
			return quartet.Go(ctx, pool, task(r)).Await(ctx)
		}).OnDone(done)
	}
	return serve, func() { _, _ = loop.Close(), pool.Close() }
}

func openPool(workers int) (serve func(request, func()), shut func()) {
	pool := workerpool.New(workerpool.Config{Workers: workers, Queue: 1 << 16})
	return func(r request, done func()) { quartet.Go(context.Background(), pool, task(r)).OnDone(done) },
		func() { _ = pool.Close() }
}

func openGoroutines(int) (serve func(request, func()), shut func()) {
	var all sync.WaitGroup
	return func(r request, done func()) {
		all.Go(func() {
			r.work(context.Background())
			done()
		})
	}, all.Wait
}

func cores() int { return runtime.GOMAXPROCS(0) }
