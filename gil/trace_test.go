package gil

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// written writes down all that it is told, but for what happens at a submit: a submitter from
// outside tells that itself, beside the simulation.
type written struct {
	mu *sync.Mutex
	w  io.Writer
}

func (o written) Observe(e quartet.Event) {
	if e.Kind == quartet.EventQueued {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	fmt.Fprintln(o.w, e.Kind, e.Lane, e.Task, e.Label, e.At.UnixNano(), e.Detail, e.Peer)
}

// The traces of one seed are the same to the byte on every architecture: run this with GOARCH=386
// too.
func TestTracesAreTheSameEverywhere(t *testing.T) {
	trace := sha256.New()
	observer := written{new(sync.Mutex), trace}
	for seed := range uint64(50) {
		for _, p := range fuzzedPolicies() {
			r := &random{stream(seed)}
			threads, _ := r.program(Traits{})
			report, err := Simulate(Config{Policy: p, Cores: 1 + int(seed%3), Seed: seed, Observer: observer}, 0,
				threads...)
			fmt.Fprintln(trace, report.Wall, report.Bound, report.Total, report.Switches, err)
		}
	}
	steps := trace.Sum(nil)
	s := New(Config{Clock: Virtual, Seed: 1, Observer: observer})
	_, err := quartet.Do(t.Context(), s, func(ctx context.Context) (int, error) {
		g := quartet.NewGroup(ctx, s)
		q := NewQueue[int](1)
		for i := range 5 {
			g.Go(func(ctx context.Context) error {
				for range 20 {
					Compute(ctx, 300*us)
					_ = q.Put(ctx, i)
					HoldLock(ctx, 50*us)
					_ = quartet.Sleep(ctx, ms)
					Released(ctx, 100*us)
					_, _ = q.Get(ctx)
				}
				return nil
			})
		}
		return 0, g.Wait(ctx)
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.Equal(t, goldenSteps, fmt.Sprintf("%x", steps[:8]))
	require.Equal(t, goldenTasks, fmt.Sprintf("%x", trace.Sum(nil)[:8]))
}

// What the sums were when the machine was last changed: another machine has other traces, and that
// is all right.
const (
	goldenSteps = "f660acab091dc846"
	goldenTasks = "01418a820b90720a"
)
