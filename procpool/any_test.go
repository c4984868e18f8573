package procpool_test

import (
	"context"
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
	"github.com/stretchr/testify/require"
)

var anything = quartet.Define("anything", func(_ context.Context, v any) (any, error) { return v, nil })

// A function may take and return an any: the type in it comes back.
func TestAnAnyKeepsTheTypeInItBothWays(t *testing.T) {
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 1})
	for _, v := range []any{5, "text", 2.5, []byte("bytes"), int8(-3), nil, []any{1, "a"}, map[string]any{"k": true}} {
		back, err := anything.Do(bounded(t), p, v)
		require.NoError(t, err, "%T", v)
		require.Equal(t, v, back)
	}
}
