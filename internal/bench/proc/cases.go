package main

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/bench/versus"
	"github.com/quartet-go/quartet/procpool"
)

var (
	empty = quartet.Define("bench.empty", func(_ context.Context, n int) (int, error) { return n, nil })
	echo  = quartet.Define("bench.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
)

func (b bench) cases() []versus.Case {
	const python, imap, node, advanced = "ProcessPoolExecutor", "multiprocessing.Pool.imap", "Node fork, json",
		"Node fork, advanced"
	return append([]versus.Case{
		{Name: "deep: empty tasks, all submitted, then awaited", Contenders: []versus.Contender{
			{Name: "quartet", Do: versus.Timed(100_000, with(deep))},
			{Name: python + ", chunk 1", Do: peer(4000, b.python, "deep"), Goal: 0.012, Floor: 0.02},
			{Name: imap, Do: peer(20_000, b.python, "imap"), Goal: 0.05},
			{Name: node, Do: peer(20_000, b.node, "deep", "json"), Goal: 0.1},
			{Name: advanced, Do: peer(20_000, b.node, "deep", "advanced")},
		}},
		{Name: "python: empty tasks in stock CPython, all submitted, then awaited", Contenders: []versus.Contender{
			{Name: "quartet over procpool.Python", Do: b.pythonDeep(50_000)},
			{Name: python + ", chunk 1", Do: peer(4000, b.python, "deep"), Goal: 0.03},
		}},
		{Name: "node: empty tasks in stock Node, all submitted, then awaited", Contenders: []versus.Contender{
			{Name: "quartet over procpool.Node", Do: b.nodeDeep(50_000)},
			{Name: node, Do: peer(20_000, b.node, "deep", "json")},
		}},
		{Name: "map: empty tasks through Map", Contenders: []versus.Contender{
			{Name: "quartet", Do: versus.Timed(1_000_000, with(mapped))},
			{Name: python + ".map, chunk 64", Do: peer(100_000, b.python, "chunked"), Goal: 0.4, Floor: 0.9},
		}},
		{Name: "one: one empty task at a time, there and back", Contenders: []versus.Contender{
			{Name: "quartet", Do: versus.Timed(5000, with(one))},
			{Name: python, Do: peer(2000, b.python, "one"), Goal: 0.06, Floor: 0.14},
			{Name: node, Do: peer(5000, b.node, "one", "json")},
		}},
		{Name: "start: a new pool of two, a result from each", Contenders: []versus.Contender{
			{Name: "quartet", Do: versus.Timed(10, start)},
			{Name: python + ", spawn", Do: peer(3, b.python, "start"), Goal: 0.06, Floor: 0.12},
		}},
		{Name: "bulk: 1 MiB there and back, one at a time", Contenders: []versus.Contender{
			{Name: "quartet", Do: versus.Timed(200, with(bulk))},
			{Name: python, Do: peer(50, b.python, "bulk"), Goal: 0.05, Floor: 0.2},
			{Name: node, Do: peer(50, b.node, "bulk", "json"), Goal: 0.06},
			{Name: advanced, Do: peer(50, b.node, "bulk", "advanced")},
		}},
		{Name: "replicas: an empty HTTP request, 2 processes", Contenders: []versus.Contender{
			{Name: "quartet", Do: replicas},
			{Name: "Node cluster of 2", Do: b.cluster, Goal: 0.5},
		}},
		{Name: "naps: tasks that wait for a millisecond, all submitted, then awaited", Contenders: []versus.Contender{
			{Name: "quartet", Do: versus.Timed(500, with(naps))},
			{Name: python + ", chunk 1", Do: peer(500, b.python, "naps")},
		}},
		{Name: "memory: proportional set size of a worker at rest", Unit: "KiB", Contenders: []versus.Contender{
			{Name: "quartet", Do: pss},
			{Name: python + ", spawn", Do: figure(b.python, "pss", "1"), Goal: 0.2},
		}},
	}, breakEven()...)
}

// pythonDeep and nodeDeep run empty in the reference workers.
func (b bench) pythonDeep(n int) func() (float64, error) {
	if b.python == nil {
		return missing
	}
	script := b.script("empty.py",
		"import quartet_worker\n@quartet_worker.function('bench.empty')\ndef empty(n):\n    return n\n")
	return versus.Timed(n, withConfig(procpool.Python(script), deep))
}

func (b bench) nodeDeep(n int) func() (float64, error) {
	if b.node == nil {
		return missing
	}
	cfg := procpool.Node(b.script("empty.js", "module.exports = { 'bench.empty': (n) => n }\n"))
	cfg.Pipelined = true
	return versus.Timed(n, withConfig(cfg, deep))
}

// with gives a case a pool that is warm.
func with(do func(p *procpool.Pool, n int)) func(n int) time.Duration {
	return withConfig(procpool.Config{Queue: 1 << 20, InFlight: 1 << 20}, do) // as the peers', which have no bound
}

func withConfig(cfg procpool.Config, do func(p *procpool.Pool, n int)) func(n int) time.Duration {
	return func(n int) time.Duration {
		p := open(cfg)
		defer func() { check(p.Close()) }()
		deep(p, 1000)
		began := time.Now()
		do(p, n)
		return time.Since(began)
	}
}

func open(cfg procpool.Config) *procpool.Pool {
	cfg.Workers = 2
	p, err := procpool.New(cfg)
	check(err)
	return p
}

func deep(p *procpool.Pool, n int) { together(p, empty, n, func(i int) int { return i }) }

func naps(p *procpool.Pool, n int) { together(p, nap, n, func(i int) int { return i }) }

// together submits n calls, and then awaits them.
func together[In, Out any](p *procpool.Pool, f *quartet.Func[In, Out], n int, in func(i int) In) {
	futures := make([]*quartet.Future[Out], n)
	for i := range futures {
		futures[i] = f.Go(background, p, in(i))
	}
	for _, f := range futures {
		_, err := f.Await(background)
		check(err)
	}
}

func mapped(p *procpool.Pool, n int) {
	for _, err := range empty.Map(background, p, func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}) {
		check(err)
	}
}

func one(p *procpool.Pool, n int) {
	for i := range n {
		_, err := empty.Do(background, p, i)
		check(err)
	}
}

func bulk(p *procpool.Pool, n int) {
	body := make([]byte, 1<<20)
	for range n {
		_, err := echo.Do(background, p, body)
		check(err)
	}
}

func start(n int) (took time.Duration) {
	for range n {
		began := time.Now()
		p := open(procpool.Config{})
		deep(p, 2)
		check(p.Close())
		took += time.Since(began)
	}
	return took
}
