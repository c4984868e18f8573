package main

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// request is one job. heavy: a model with a loop and helpers gives it to a helper.
type request struct {
	heavy bool
	job   job
}

// server is a model that has been started. serve starts a request and calls done when it has ended; it does not wait for
// that. shut ends the model when all requests have been answered.
type server struct {
	serve func(ctx context.Context, r request, done func())
	shut  func()
}

// model is one row of a table.
type model struct {
	name, like string
	open       func(workers int) server
}

var models = []model{
	{"inline", "no concurrency at all", openInline},
	{"loop", "Node, one thread; asyncio", openLoop},
	{"loop+pool", "Node with worker_threads; asyncio + executor", openLoopAndPool},
	{"loop+processes", "Node with child_process; asyncio + processes", openLoopAndProcesses},
	{"pool", "Python's ThreadPoolExecutor without a GIL", openPool},
	{"processes", "Python's ProcessPoolExecutor; Node's cluster", openProcesses},
	{"gil threads", "Python's threads; ThreadPoolExecutor", openThreads},
	{"gil per interpreter", "Python's sub-interpreters, each with a lock", openInterpreters},
	{"loop+gil thread", "asyncio.to_thread", openLoopAndThread},
	{"goroutines", "plain Go", openGoroutines},
}

// on serves by an executor, and ends it by its Close.
func on(ex quartet.Executor) server {
	return server{
		serve: func(ctx context.Context, r request, done func()) { perform.Go(ctx, ex, r.job).OnDone(done) },
		shut:  func() { _ = ex.Close() },
	}
}

// openInline answers requests one after the other, in the order in which they come.
func openInline(int) server {
	todo := make(chan func(), 1<<16)
	var one sync.WaitGroup
	one.Go(func() {
		for answer := range todo {
			answer()
		}
	})
	s := on(quartet.Inline())
	return server{
		serve: func(ctx context.Context, r request, done func()) { todo <- func() { s.serve(ctx, r, done) } },
		shut:  func() { close(todo); one.Wait() },
	}
}

func startLoop() *eventloop.Loop {
	loop := eventloop.New(eventloop.Config{SlowCallback: time.Hour}) // being slow is the point here
	loop.Start()
	return loop
}

func openLoop(int) server { return on(startLoop()) }

func openPool(workers int) server { return on(newPool(workers)) }

func newPool(workers int) quartet.Executor {
	return workerpool.New(workerpool.Config{Workers: workers, Queue: 1 << 16})
}

func openProcesses(workers int) server { return on(newProcesses(workers)) }

func newProcesses(workers int) quartet.Executor {
	pool, err := procpool.New(procpool.Config{Workers: min(workers, cores()), Queue: 1 << 16})
	if err != nil {
		panic(err)
	}
	_, _ = perform.Do(context.Background(), pool, job{}) // the start is not what is measured
	return pool
}

func openLoopAndPool(workers int) server { return loopAnd(newPool(workers)) }

func openLoopAndProcesses(workers int) server { return loopAnd(newProcesses(workers)) }

// loopAnd serves on a loop, whose tasks send what is heavy to a helper and await it.
func loopAnd(helper quartet.Executor) server {
	loop := startLoop()
	plain := on(loop)
	return server{
		serve: func(ctx context.Context, r request, done func()) {
			if !r.heavy {
				plain.serve(ctx, r, done)
				return
			}
			quartet.Go(ctx, loop, func(ctx context.Context) (struct{}, error) {
				return perform.Go(ctx, helper, r.job).Await(ctx)
			}).OnDone(done)
		},
		shut: func() { _, _ = loop.Close(), helper.Close() },
	}
}

func openThreads(int) server { return on(gil.New(gil.Config{})) }

func openInterpreters(workers int) server {
	return on(gil.New(gil.Config{Policy: gil.PerInterpreter(min(workers, cores()), gil.Interval(5*time.Millisecond))}))
}

func openGoroutines(int) server {
	var all sync.WaitGroup
	return server{
		serve: func(ctx context.Context, r request, done func()) {
			all.Go(func() {
				_, _ = perform.Local(ctx, r.job)
				done()
			})
		},
		shut: all.Wait,
	}
}

func cores() int { return runtime.GOMAXPROCS(0) }
