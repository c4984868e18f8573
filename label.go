package quartet

import (
	"context"
	"runtime/pprof"
)

type labelKey struct{}

// Label names the tasks that are submitted with the returned context, in what is observed of them and in the
// goroutine profiles of pprof (label "quartet").
func Label(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, labelKey{}, label)
}

// setLabels labels the calling goroutine for the task of ctx, and returns how to take the label away again: a submitter's
// own goroutine gets back what its context says, a worker gets none.
func setLabels(ctx context.Context, submitters bool) (restore func()) {
	label, ok := ctx.Value(labelKey{}).(string)
	if !ok {
		return func() {}
	}
	pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels("quartet", label)))
	after := context.Background()
	if submitters {
		after = ctx
	}
	return func() { pprof.SetGoroutineLabels(after) }
}
