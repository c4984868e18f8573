package load

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// Job is what a request asks for. It can travel, so that processes do the same work as everybody.
type Job struct {
	Turns  int           // of computing
	Native int           // of computing in a library that needs no lock meanwhile
	Wait   time.Duration // by quartet.Sleep
	Fate   Fate          // how it ends, if not well
}

// Perform does a job on whatever executor it runs.
var Perform = quartet.Define("compare.perform", func(ctx context.Context, j Job) (struct{}, error) {
	defer Enter(ctx)()
	for left := j.Turns; left > 0; left -= slice {
		compute(min(left, slice))
		gil.Checkpoint(ctx) // where an interpreter may switch threads; elsewhere it does nothing
	}
	if j.Native > 0 {
		if err := quartet.Block(ctx, func() { compute(j.Native) }); err != nil {
			return struct{}{}, err
		}
	}
	if j.Wait > 0 {
		return struct{}{}, quartet.Sleep(ctx, j.Wait)
	}
	return struct{}{}, j.Fate.befall(ctx)
})

// Echo returns what it gets: what there and back costs.
var Echo = quartet.Define("compare.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })

// Enter counts a job that runs, as far as somebody in this process counts.
func Enter(ctx context.Context) (leave func()) {
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
