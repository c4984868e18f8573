package eventloop_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := eventloop.New(eventloop.Config{})
	l.Start()
	defer l.Close()
	cancellable, cancel := context.WithCancel(t.Context())
	defer cancel()
	nop := func() {}
	one := func(context.Context) (int, error) { return 1, nil }
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"Post", 0, func() { _ = l.Post(nop) }},
		{"submit and await, a ctx that cannot end", 1, func() { _, _ = quartet.Go(context.Background(), l, one).Await(context.Background()) }},
		{"submit and await, a ctx that can", 3, func() { _, _ = quartet.Go(cancellable, l, one).Await(cancellable) }},
	} {
		for range 5000 { // fill what is reused
			c.do()
		}
		require.LessOrEqual(t, testing.AllocsPerRun(1000, c.do), c.most, c.name)
	}
}

func BenchmarkPost(b *testing.B) {
	l := eventloop.New(eventloop.Config{})
	l.Start()
	defer l.Close()
	nop := func() {}
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Post(nop)
	}
}

func BenchmarkSubmitAwait(b *testing.B) {
	l := eventloop.New(eventloop.Config{})
	l.Start()
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = quartet.Go(context.Background(), l, func(context.Context) (int, error) { return 1, nil }).Await(context.Background())
	}
}
