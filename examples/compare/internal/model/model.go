// Package model has the rows of compare: ways to serve requests, and what each is in Node, Python
// or Go.
package model

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/workerpool"
)

// All are the rows, in the order of the palette.
var All = []load.Model{
	{Name: "inline", Like: "no concurrency at all", Few: true, Open: openInline},
	{Name: "loop", Like: "Node, one thread; asyncio", Open: openLoop},
	{Name: "loops(k)", Like: "Node's cluster, as with PM2", Fresh: true, Open: openLoops},
	{Name: "loop+pool", Like: "Node with worker_threads", Open: openLoopAndPool},
	{
		Name: "loop+processes", Like: "Node with child_process; asyncio + processes", Apart: true,
		Open: openLoopAndProcesses,
	},
	{Name: "loop+gil thread", Like: "asyncio.to_thread", Kind: result.Sim, Open: openLoopAndThread},
	{Name: "gil threads", Like: "Python's threads", Kind: result.Sim, Open: openThreads},
	{
		Name: "gil per interpreter", Like: "Python's sub-interpreters, each with a lock", Kind: result.Sim,
		Open: openInterpreters,
	},
	{Name: "pool(k)", Like: "ThreadPoolExecutor without a GIL", Open: openPool},
	{Name: "processes(k)", Like: "ProcessPoolExecutor", Few: true, Apart: true, Open: openProcesses},
	{Name: "goroutines", Like: "plain Go", Open: openGoroutines},
}

// Six are the rows of a short run: one for each thing that there is to see.
var Six = pick("inline", "loop", "loop+pool", "loop+gil thread", "gil threads", "processes(k)")

func pick(names ...string) (some []load.Model) {
	for _, name := range names {
		some = append(some, Named(name))
	}
	return some
}

// Named returns the row of that name. It panics when there is none.
func Named(name string) load.Model {
	for _, m := range All {
		if m.Name == name {
			return m
		}
	}
	panic("compare: no model " + name)
}

// Shown is how a model with so many workers is shown: pool(32).
func Shown(name string, workers int) string {
	return strings.Replace(name, "(k)", fmt.Sprintf("(%d)", workers), 1)
}

// Cores is how many this program may use at once.
func Cores() int { return runtime.GOMAXPROCS(0) }

// room is for all requests that a workload has open, where it asks for no less.
func room(s load.Setup) int {
	if s.Queue > 0 {
		return s.Queue
	}
	return 1 << 16
}

// openInline answers requests one after the other, in the order in which they come.
func openInline(s load.Setup) load.Server {
	todo := make(chan func(), room(s))
	var one sync.WaitGroup
	one.Go(func() {
		for answer := range todo {
			answer()
		}
	})
	server := load.On(quartet.Inline())
	plain := server.Serve
	server.Serve = func(ctx context.Context, r load.Request, done func(error)) {
		todo <- func() { plain(ctx, r, done) }
	}
	server.Shut = func() { close(todo); one.Wait() }
	return server
}

func startLoop(s load.Setup) *eventloop.Loop {
	// being slow is the point here
	loop := eventloop.New(eventloop.Config{SlowCallback: time.Hour, Observer: s.Observer})
	loop.Start()
	return loop
}

func openLoop(s load.Setup) load.Server { return load.On(startLoop(s)) }

func openPool(s load.Setup) load.Server { return load.On(newPool(s)) }

func newPool(s load.Setup) quartet.Executor {
	return workerpool.New(workerpool.Config{Workers: s.Workers, Queue: room(s), Observer: s.Observer})
}

func openLoopAndPool(s load.Setup) load.Server { return loopAnd(s, newPool(s)) }

func openLoopAndProcesses(s load.Setup) load.Server { return loopAnd(s, newProcesses(s)) }

// loopAnd serves on a loop, whose tasks send heavy work to a helper and await it.
func loopAnd(s load.Setup, helper quartet.Executor) load.Server {
	loop := startLoop(s)
	plain := load.On(loop)
	return load.Server{
		Executor: helper,
		Serve: func(ctx context.Context, r load.Request, done func(error)) {
			if !r.Heavy {
				plain.Serve(ctx, r, done)
				return
			}
			f := quartet.Go(ctx, loop, func(ctx context.Context) (struct{}, error) {
				return load.Perform.Go(ctx, helper, r.Job).Await(ctx)
			})
			f.OnDone(func() {
				_, err := f.Result()
				done(err)
			})
		},
		Shut: func() { _, _ = loop.Close(), helper.Close() },
	}
}

func openGoroutines(load.Setup) load.Server {
	var all sync.WaitGroup
	return load.Server{
		Serve: func(ctx context.Context, r load.Request, done func(error)) {
			all.Go(func() {
				_, err := load.Perform.Local(ctx, r.Job)
				done(err)
			})
		},
		Shut: all.Wait,
	}
}
