package workerpool_test

import (
	"context"
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

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
		_, _ = quartet.Go(context.Background(), p,
			func(context.Context) (int, error) { return 1, nil }).Await(context.Background())
	}
}
