package workerpool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p := workerpool.New(workerpool.Config{Workers: 2})
	defer p.Close()
	cancellable, cancel := context.WithCancel(t.Context())
	defer cancel()
	nop := func() {}
	one := func(context.Context) (int, error) { return 1, nil }
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"Go", 0, func() { _ = p.Go(nop) }},
		{"submit and await, a ctx that cannot end", 1, func() { _, _ = quartet.Go(context.Background(), p, one).Await(context.Background()) }},
		{"submit and await, a ctx that can", 3, func() { _, _ = quartet.Go(cancellable, p, one).Await(cancellable) }},
	} {
		for range 5000 { // fill what is reused
			c.do()
		}
		require.LessOrEqual(t, testing.AllocsPerRun(1000, c.do), c.most, c.name)
	}
}

// With the only worker busy every task queues, so that its ctx is watched.
func TestAllocationsWhenQueued(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p := workerpool.New(workerpool.Config{Workers: 1})
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	one := func(context.Context) (int, error) { return 1, nil }
	const batch = 64
	futures := make([]*quartet.Future[int], batch)
	perBatch := testing.AllocsPerRun(100, func() {
		for i := range futures {
			futures[i] = quartet.Go(ctx, p, one)
		}
		for _, f := range futures {
			_, _ = f.Await(ctx)
		}
	})
	require.LessOrEqual(t, perBatch/batch, 3.0)
}

func BenchmarkGo(b *testing.B) {
	p := workerpool.New(workerpool.Config{})
	defer p.Close()
	nop := func() {}
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Go(nop)
	}
}

func BenchmarkSubmitAwait(b *testing.B) {
	p := workerpool.New(workerpool.Config{})
	defer p.Close()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = quartet.Go(context.Background(), p, func(context.Context) (int, error) { return 1, nil }).Await(context.Background())
	}
}
