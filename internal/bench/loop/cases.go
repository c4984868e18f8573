package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja_nodejs/eventloop"

	"github.com/quartet-go/quartet"
	loops "github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/internal/bench/versus"
)

// The numbers of operations are such that a contender takes a good part of a second.
const (
	posts  = 2_000_000
	hops   = 100_000
	chain  = 2_000_000
	timers = 1_000_000
	tasks  = 200_000
)

var cases = []versus.Case{
	{Name: "post, 1 producer", Contenders: []versus.Contender{
		{Name: "quartet Post", Do: ours(func(l *loops.Loop) float64 { return postAll(1, l.Post) })},
		{
			Name: "goja_nodejs RunOnLoop", Goal: 0.2, Floor: 0.35,
			Do: gojas(func(l *eventloop.EventLoop) float64 { return postAll(1, runOnLoop(l)) }),
		},
	}},
	{Name: "post, 16 producers", Contenders: []versus.Contender{
		{Name: "quartet Post", Do: ours(func(l *loops.Loop) float64 { return postAll(16, l.Post) })},
		{
			Name: "goja_nodejs RunOnLoop", Goal: 0.4, Floor: 0.55,
			Do: gojas(func(l *eventloop.EventLoop) float64 { return postAll(16, runOnLoop(l)) }),
		},
	}},
	{Name: "post there and back", Contenders: []versus.Contender{
		{Name: "quartet Post", Do: ours(func(l *loops.Loop) float64 { return thereAndBack(l.Post) })},
		{
			Name: "goja_nodejs RunOnLoop", Goal: 0.65,
			Do: gojas(func(l *eventloop.EventLoop) float64 { return thereAndBack(runOnLoop(l)) }),
		},
		{Name: "Node worker message", Goal: 0.01, Do: script("node", nodeScript, "worker", 20_000)},
	}},
	{Name: "call from another thread", Contenders: []versus.Contender{
		{Name: "quartet Post", Do: ours(func(l *loops.Loop) float64 { return postAll(1, l.Post) })},
		{Name: "asyncio call_soon_threadsafe", Goal: 0.01, Do: script("python3", pythonScript, "threadsafe", 100_000)},
	}},
	{Name: "NextTick chain", Contenders: []versus.Contender{
		{Name: "quartet NextTick", Do: ours(func(l *loops.Loop) float64 { return chained(l, l.NextTick) })},
		{Name: "Node process.nextTick", Goal: 0.1, Floor: 0.3, Do: script("node", nodeScript, "tick", chain)},
	}},
	{Name: "Microtask chain", Contenders: []versus.Contender{
		{Name: "quartet Microtask", Do: ours(func(l *loops.Loop) float64 { return chained(l, l.Microtask) })},
		{Name: "Node queueMicrotask", Goal: 0.06, Floor: 0.2, Do: script("node", nodeScript, "microtask", chain)},
	}},
	{Name: "Immediate chain", Contenders: []versus.Contender{
		{
			Name: "quartet Immediate",
			Do:   ours(func(l *loops.Loop) float64 { return chained(l, func(fn func()) { l.Immediate(fn) }) }),
		},
		{Name: "Node setImmediate", Goal: 0.04, Floor: 0.1, Do: script("node", nodeScript, "immediate", chain/4)},
	}},
	{
		Name: "1,000,000 timers, random deadlines within 2 s, schedule and fire", Unit: "ns of CPU",
		Contenders: []versus.Contender{
			{Name: "quartet AfterFunc", Do: ours(func(l *loops.Loop) float64 { return onLoopTimers(l, timers) })},
			{Name: "Node setTimeout", Goal: 0.28, Floor: 0.5, Do: script("node", nodeScript, "timers", timers)},
			{Name: "time.AfterFunc", Goal: 0.35, Do: func() (float64, error) { return runtimeTimers(timers), nil }},
			{
				Name: "goja_nodejs SetTimeout", Goal: 0.16,
				Do: gojas(func(l *eventloop.EventLoop) float64 { return gojaTimers(l, timers/5) }),
			},
		},
	},
	{Name: "timers, 90 % cancelled, schedule and cancel", Contenders: []versus.Contender{
		{Name: "quartet Stop", Do: ours(func(l *loops.Loop) float64 { return cancelled(l, timers) })},
		{Name: "Node clearTimeout", Goal: 0.35, Do: script("node", nodeScript, "cancel", timers)},
	}},
	{Name: "timers, memory of each", Unit: "bytes", Contenders: []versus.Contender{
		{Name: "quartet AfterFunc", Do: ours(func(l *loops.Loop) float64 { return memoryOfTimers(l, timers) })},
		{Name: "Node setTimeout", Goal: 0.5, Do: script("node", nodeScript, "memory", timers)},
	}},
	{Name: "submit a task and await it from a task", Contenders: []versus.Contender{
		{Name: "quartet Go, Await", Do: ours(awaited)},
		{Name: "asyncio create_task, await", Goal: 0.03, Do: script("python3", pythonScript, "tasks", tasks/2)},
	}},
	{Name: "HTTP, an empty request, 100 connections", Unit: "ns of CPU", Contenders: []versus.Contender{
		{Name: "quartet Handler", Do: loaded(self("handler"), hundred, get)},
		{Name: "net/http alone", Goal: 1.15, Do: loaded(self("http"), hundred, get)},
	}},
	{Name: "TCP echo, 64 B, 100 connections", Unit: "ns of CPU", Contenders: []versus.Contender{
		{Name: "quartet OnData", Do: echoed(self("loop"), hundred)},
		{Name: "Node net", Goal: 0.75, Do: echoed(node, hundred)},
		{Name: "plain Go net", Goal: 0.9, Floor: 1.15, Do: echoed(self("net"), hundred)},
	}},
	{Name: "TCP echo, 64 B, 2,000 connections", Unit: "ns of CPU", Contenders: []versus.Contender{
		{Name: "quartet OnData", Do: echoed(self("loop"), thousand)},
		{Name: "Node net", Do: echoed(node, thousand)},
		{Name: "plain Go net", Goal: 0.8, Do: echoed(self("net"), thousand)},
	}},
	{Name: "TCP, 10,000 idle connections, heap and stacks of each", Unit: "bytes", Contenders: []versus.Contender{
		{Name: "quartet OnData", Do: idled(self("loop"), 10_000)},
		{Name: "plain Go net, 4 KiB buffer", Goal: 0.14, Floor: 0.25, Do: idled(self("net"), 10_000)},
	}},
	{Name: "TCP, 1 KiB to each of 2,000 connections", Unit: "ns of CPU", Contenders: []versus.Contender{
		{Name: "quartet Write", Do: broadcast(self("loop"), 2000)},
		{Name: "plain Go net and a mutex", Goal: 0.7, Do: broadcast(self("net"), 2000)},
	}},
}

// ours runs do with a loop that runs.
func ours(do func(l *loops.Loop) float64) func() (float64, error) {
	return func() (float64, error) {
		l := loops.New(loops.Config{})
		l.Start()
		v := do(l)
		return v, l.Close()
	}
}

func gojas(do func(l *eventloop.EventLoop) float64) func() (float64, error) {
	return func() (float64, error) {
		l := eventloop.NewEventLoop()
		l.Start()
		v := do(l)
		l.Stop()
		return v, nil
	}
}

func runOnLoop(l *eventloop.EventLoop) func(func()) error {
	return func(fn func()) error {
		l.RunOnLoop(func(*goja.Runtime) { fn() })
		return nil
	}
}

// postAll is the time per post until all have run.
func postAll(producers int, post func(func()) error) float64 {
	left, done := posts/producers*producers, make(chan struct{})
	count := func() {
		if left--; left == 0 {
			close(done)
		}
	}
	each := left / producers
	var begin sync.WaitGroup
	begin.Add(1)
	for range producers {
		go func() {
			begin.Wait()
			for range each {
				_ = post(count)
			}
		}()
	}
	start := time.Now()
	begin.Done()
	<-done
	return per(time.Since(start), posts)
}

func per(d time.Duration, n int) float64 { return float64(d) / float64(n) }

func thereAndBack(post func(func()) error) float64 {
	back := make(chan struct{}, 1)
	answer := func() { back <- struct{}{} }
	start := time.Now()
	for range hops {
		_ = post(answer)
		<-back
	}
	return per(time.Since(start), hops)
}

// chained queues the next callback in the last one.
func chained(l *loops.Loop, queue func(func())) float64 {
	left, done := chain, make(chan struct{})
	var next func()
	next = func() {
		if left--; left == 0 {
			close(done)
			return
		}
		queue(next)
	}
	start := time.Now()
	_ = l.Post(next)
	<-done
	return per(time.Since(start), chain)
}

func deadline() time.Duration { return time.Millisecond + rand.N(2*time.Second) }

// onLoopTimers sets its timers in a callback, as Node's script does.
func onLoopTimers(l *loops.Loop, n int) float64 {
	left, done := n, make(chan struct{})
	fired := func() {
		if left--; left == 0 {
			close(done)
		}
	}
	start := cpuTime()
	_ = l.Post(func() {
		for range n {
			l.AfterFunc(deadline(), fired)
		}
	})
	<-done
	return per(cpuTime()-start, n)
}

func runtimeTimers(n int) float64 {
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan struct{})
	start := cpuTime()
	for range n {
		time.AfterFunc(deadline(), func() {
			if left.Add(-1) == 0 {
				close(done)
			}
		})
	}
	<-done
	return per(cpuTime()-start, n)
}

func gojaTimers(l *eventloop.EventLoop, n int) float64 {
	left, done := n, make(chan struct{})
	fired := func(*goja.Runtime) {
		if left--; left == 0 {
			close(done)
		}
	}
	start := cpuTime()
	for range n {
		l.SetTimeout(fired, deadline())
	}
	<-done
	return per(cpuTime()-start, n)
}

func cancelled(l *loops.Loop, n int) float64 {
	done := make(chan float64)
	_ = l.Post(func() {
		set := make([]*loops.Timer, n)
		start := time.Now()
		for i := range set {
			set[i] = l.AfterFunc(time.Minute+deadline(), func() {})
		}
		for i, t := range set {
			if i%10 != 0 {
				t.Stop()
			}
		}
		took := time.Since(start)
		for _, t := range set {
			t.Stop()
		}
		done <- per(took, n)
	})
	return <-done
}

func memoryOfTimers(l *loops.Loop, n int) float64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	set := make([]*loops.Timer, n)
	fn := func() {}
	before := heap()
	for i := range set {
		set[i] = l.AfterFunc(time.Hour+deadline(), fn)
	}
	v := float64(heap()-before) / float64(n)
	for _, t := range set {
		t.Stop()
	}
	return v
}

func awaited(l *loops.Loop) float64 {
	start := time.Now()
	_, _ = quartet.Do(context.Background(), l, func(ctx context.Context) (int, error) {
		for range tasks {
			_, _ = quartet.Go(ctx, l, func(context.Context) (int, error) { return 1, nil }).Await(ctx)
		}
		return 0, nil
	})
	return per(time.Since(start), tasks)
}
