package quartet_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

func one(context.Context) (int, error) { return 1, nil }

var oneOf = quartet.Define("alloc_test.one", func(_ context.Context, n int) (int, error) { return n, nil })

func TestInlineAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	x := quartet.Inline()
	cancellable, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"Go and Await", 1, func() { _, _ = quartet.Go(context.Background(), x, one).Await(context.Background()) }},
		{"Do", 1, func() { _, _ = quartet.Do(context.Background(), x, one) }},
		{"Do, a ctx that can end", 1, func() { _, _ = quartet.Do(cancellable, x, one) }},
		// Apart, since an ended future keeps no context, and a context that outlives its task keeps
		// its values.
		{"Go and Await, a ctx that can end", 2, func() { _, _ = quartet.Go(cancellable, x, one).Await(cancellable) }},
		{"Func.Go and Await", 1, func() { _, _ = oneOf.Go(context.Background(), x, 1).Await(context.Background()) }},
		{"Local", 0, func() { _, _ = oneOf.Local(context.Background(), 1) }},
	} {
		c.do()
		require.LessOrEqual(t, testing.AllocsPerRun(1000, c.do), c.most, c.name)
	}
}
