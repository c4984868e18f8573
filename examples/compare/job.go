package main

import (
	"context"
	"runtime"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// job is what a request asks for. It can travel, so that processes do the same work as everybody.
type job struct {
	Turns int           // of computing
	Wait  time.Duration // by quartet.Sleep
}

// perform does a job on whatever executor it runs.
var perform = quartet.Define("compare.perform", func(ctx context.Context, j job) (struct{}, error) {
	defer enter(ctx)()
	for left := j.Turns; left > 0; left -= slice {
		compute(min(left, slice))
		gil.Checkpoint(ctx) // where an interpreter may switch threads; elsewhere it does nothing
	}
	if j.Wait > 0 {
		return struct{}{}, quartet.Sleep(ctx, j.Wait)
	}
	return struct{}{}, nil
})

// enter counts a job that runs, as far as somebody in this process counts.
func enter(ctx context.Context) (leave func()) {
	running, ok := ctx.Value(runningKey{}).(*gauge)
	if !ok {
		return func() {}
	}
	running.add(1)
	return func() { running.add(-1) }
}

// slice is how many turns pass between two checkpoints: some tens of microseconds.
const slice = 1 << 14

// runningKey is under what a context holds the gauge of the jobs that run. It does not reach another process.
type runningKey struct{}

func compute(turns int) { runtime.KeepAlive(turn(turns)) } // else the compiler drops the work
