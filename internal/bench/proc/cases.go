package main

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

var (
	empty = quartet.Define("bench.empty", func(_ context.Context, n int) (int, error) { return n, nil })
	echo  = quartet.Define("bench.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
)

func (b bench) cases() []benchCase {
	const python, imap, node, advanced = "ProcessPoolExecutor", "multiprocessing.Pool.imap", "Node fork, json", "Node fork, advanced"
	return []benchCase{
		{"deep: empty tasks, all submitted, then awaited", []contender{
			{name: "quartet", n: 100_000, do: with(deep)},
			{name: python + ", chunk 1", n: 4000, do: peer(b.python, "deep"), goal: 0.01, floor: 0.02},
			{name: imap, n: 20_000, do: peer(b.python, "imap"), goal: 0.04},
			{name: node, n: 20_000, do: peer(b.node, "deep", "json"), goal: 0.1},
			{name: advanced, n: 20_000, do: peer(b.node, "deep", "advanced")},
		}},
		{"python: empty tasks in stock CPython, all submitted, then awaited", []contender{
			{name: "quartet over procpool.Python", n: 50_000, do: b.pythonDeep()},
			{name: python + ", chunk 1", n: 4000, do: peer(b.python, "deep"), goal: 0.01},
		}},
		{"node: empty tasks in stock Node, all submitted, then awaited", []contender{
			{name: "quartet over procpool.Node", n: 50_000, do: b.nodeDeep()},
			{name: node, n: 20_000, do: peer(b.node, "deep", "json")},
		}},
		{"map: empty tasks through Map", []contender{
			{name: "quartet", n: 1_000_000, do: with(mapped)},
			{name: python + ".map, chunk 64", n: 100_000, do: peer(b.python, "chunked"), goal: 0.25},
		}},
		{"one: one empty task at a time, there and back", []contender{
			{name: "quartet", n: 5000, do: with(one)},
			{name: python, n: 2000, do: peer(b.python, "one"), goal: 0.08, floor: 0.14},
			{name: node, n: 5000, do: peer(b.node, "one", "json")},
		}},
		{"start: a new pool of two, a result from each", []contender{
			{name: "quartet", n: 10, do: start},
			{name: python + ", spawn", n: 3, do: peer(b.python, "start"), goal: 0.06, floor: 0.12},
		}},
		{"bulk: 1 MiB there and back, one at a time", []contender{
			{name: "quartet", n: 200, do: with(bulk)},
			{name: python, n: 50, do: peer(b.python, "bulk"), goal: 0.15},
			{name: node, n: 50, do: peer(b.node, "bulk", "json"), goal: 0.06},
			{name: advanced, n: 50, do: peer(b.node, "bulk", "advanced")},
		}},
	}
}

// pythonDeep and nodeDeep run empty in the reference workers; nil: not installed.
func (b bench) pythonDeep() func(n int) time.Duration {
	if b.python == nil {
		return nil
	}
	script := b.script("empty.py", "import quartet_worker\n@quartet_worker.function('bench.empty')\ndef empty(n):\n    return n\n")
	return withConfig(procpool.Python(script), deep)
}

func (b bench) nodeDeep() func(n int) time.Duration {
	if b.node == nil {
		return nil
	}
	cfg := procpool.Node(b.script("empty.js", "module.exports = { 'bench.empty': (n) => n }\n"))
	cfg.Pipelined = true
	return withConfig(cfg, deep)
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

func deep(p *procpool.Pool, n int) {
	futures := make([]*quartet.Future[int], n)
	for i := range futures {
		futures[i] = empty.Go(background, p, i)
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
