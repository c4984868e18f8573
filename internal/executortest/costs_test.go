package executortest_test

import (
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/workerpool"
)

// Clause 12 on all executors of this process.
func TestAllocations(t *testing.T) {
	nop := func() {}
	t.Run("workerpool", func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		defer p.Close()
		executortest.Allocations(t, p, func() { _ = p.Go(nop) })
	})
	t.Run("eventloop", func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		l.Start()
		defer l.Close()
		executortest.Allocations(t, l, func() { _ = l.Post(nop) })
	})
	t.Run("gil", func(t *testing.T) {
		s := gil.New(gil.Config{})
		defer s.Close()
		executortest.AllocationsOfThreads(t, s)
	})
	t.Run("inline", func(t *testing.T) { executortest.Allocations(t, quartet.Inline()) })
}
