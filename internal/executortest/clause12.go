package executortest

import (
	"context"
	"testing"

	"github.com/quartet-go/quartet"
)

// Allocations checks clause 12 on r, which must be idle: bare, a submit without context and future, allocates nothing;
// submit and await does once where ctx cannot end, and at most three times where it can, also when the task has to queue,
// and inside a task.
// It is no part of Run, since a bubble allocates too.
func Allocations(t *testing.T, r quartet.Runner, bare func()) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	one := func(context.Context) (int, error) { return 1, nil }
	batch := make([]*quartet.Future[int], 64)
	for _, c := range []struct {
		name string
		runs int
		most float64
		do   func()
	}{
		{"bare", 1000, 0, bare},
		{"a ctx that cannot end", 1000, 1, func() { _, _ = quartet.Go(background, r, one).Await(background) }},
		{"a ctx that can end", 1000, 3, func() { _, _ = quartet.Go(cancellable, r, one).Await(cancellable) }},
		{"64 queued, a ctx that can end", 50, 3 * 64, func() {
			for i := range batch {
				batch[i] = quartet.Go(cancellable, r, one)
			}
			for _, f := range batch {
				_, _ = f.Await(cancellable)
			}
		}},
	} {
		for range 5 * c.runs { // fill what is reused
			c.do()
		}
		if n := testing.AllocsPerRun(c.runs, c.do); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}
	nested, _ := quartet.Do(background, r, func(ctx context.Context) (float64, error) {
		return testing.AllocsPerRun(1000, func() { _, _ = quartet.Go(ctx, r, one).Await(ctx) }), nil
	})
	if nested > 3 {
		t.Errorf("inside a task: %v allocations, want at most 3", nested)
	}
}
