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
	watched := gaugesOf(ctx)
	for left := j.Turns; left > 0; left -= slice {
		watched.compute(min(left, slice))
		gil.Checkpoint(ctx) // where an interpreter may switch threads; elsewhere it does nothing
	}
	if j.Native > 0 {
		if err := quartet.Block(ctx, func() { watched.compute(j.Native) }); err != nil {
			return struct{}{}, err
		}
	}
	if j.Wait > 0 {
		return struct{}{}, quartet.Sleep(ctx, j.Wait)
	}
	return struct{}{}, j.Fate.befall(ctx)
})

// Echo returns its input: its cost is that of there and back.
var Echo = quartet.Define("compare.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })

// gauges count the jobs of a run.
type gauges struct {
	started gauge // begun, and not ended: they compute, wait, or wait for a lock
	running gauge // they compute
}

// gaugesOf returns nil where nobody in this process counts.
func gaugesOf(ctx context.Context) *gauges {
	g, _ := ctx.Value(gaugesKey{}).(*gauges)
	return g
}

// Enter counts a job as started, until leave is called.
func Enter(ctx context.Context) (leave func()) {
	g := gaugesOf(ctx)
	if g == nil {
		return func() {}
	}
	g.started.add(1)
	return func() { g.started.add(-1) }
}

// compute counts a job as running while it computes.
func (g *gauges) compute(turns int) {
	if g != nil {
		g.running.add(1)
		defer g.running.add(-1)
	}
	compute(turns)
}

// slice is how many turns pass between two checkpoints: some tens of microseconds.
const slice = 1 << 14

// gaugesKey is the key of the gauges in a context. They do not reach another process.
type gaugesKey struct{}
