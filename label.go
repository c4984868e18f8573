package quartet

import (
	"context"
	"runtime/pprof"

	"github.com/quartet-go/quartet/internal/task"
)

// Label names the tasks that are submitted with the returned context, in what is observed of them and in the
// goroutine profiles of pprof (label "quartet").
func Label(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, task.LabelKey, label)
}

// setLabels labels the calling goroutine for the task of n, which runs with ctx, and returns how to take the label away
// again: a worker's goroutine gets none; the submitter's own gets back that of the task around, or what its ctx says.
func setLabels(ctx context.Context, n *task.Node) (restore func()) {
	if task.LabelOf(ctx) == "" {
		return func() {}
	}
	pprof.SetGoroutineLabels(profiled(ctx))
	after := context.Background()
	if _, submitters := n.Owner.(*inline); submitters {
		if after = n.Parent(); task.Enclosing(after) != nil {
			after = profiled(task.Enclosing(after).Context())
		}
	}
	return func() { pprof.SetGoroutineLabels(after) }
}

// profiled returns ctx with its label as a label of pprof.
func profiled(ctx context.Context) context.Context {
	if label := task.LabelOf(ctx); label != "" {
		return pprof.WithLabels(ctx, pprof.Labels("quartet", label))
	}
	return ctx
}
