package main

import (
	"context"
	"runtime"
	"time"

	"github.com/quartet-go/quartet"
)

// job is what a request asks for. It can travel, so that processes do the same work as everybody.
type job struct {
	Turns int           // of computing
	Wait  time.Duration // by quartet.Sleep
}

// perform does a job on whatever executor it runs.
var perform = quartet.Define("compare.perform", func(ctx context.Context, j job) (struct{}, error) {
	if running, ok := ctx.Value(runningKey{}).(*gauge); ok {
		running.add(1)
		defer running.add(-1)
	}
	compute(j.Turns)
	if j.Wait > 0 {
		return struct{}{}, quartet.Sleep(ctx, j.Wait)
	}
	return struct{}{}, nil
})

// runningKey is under what a context holds the gauge of the jobs that run. It does not reach another process.
type runningKey struct{}

func compute(turns int) { runtime.KeepAlive(turn(turns)) } // else the compiler drops the work
