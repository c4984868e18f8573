package eventloop_test

import (
	"context"
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

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
		_, _ = quartet.Go(context.Background(), l,
			func(context.Context) (int, error) { return 1, nil }).Await(context.Background())
	}
}
