package model

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/procpool"
)

// Limits of a process whose jobs may have a bad end.
const (
	RunTimeout  = 250 * time.Millisecond
	MemoryLimit = 256 << 20 // the race detector takes half of it
	grace       = 10 * time.Millisecond
)

func openProcesses(s load.Setup) load.Server { return load.On(newProcesses(s)) }

// newProcesses starts no more of them than there are cores, and waits until all are up: the start
// is not measured.
func newProcesses(s load.Setup) quartet.Executor {
	workers := min(s.Workers, Cores())
	cfg := procpool.Config{Workers: workers, MinWorkers: workers, Queue: room(s), Observer: s.Observer}
	if s.Risky {
		cfg.RunTimeout, cfg.Grace, cfg.MemoryHard, cfg.Attempts = RunTimeout, grace, MemoryLimit, 1
		cfg.OnOutput = func(procpool.Line) {} // the last words of those that die
	}
	pool, err := procpool.New(cfg)
	if err != nil {
		panic(err)
	}
	_ = pool.Ready(context.Background()) // without one, each request says why
	return pool
}
