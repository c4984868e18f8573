package procpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

var (
	double = quartet.Define("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	fan    = quartet.Declare[int, int]("fan")
)

func init() {
	fan.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		ex, _ := quartet.Current(ctx)
		left, right := fan.Go(ctx, ex, depth-1), fan.Go(ctx, ex, depth-1)
		a, err := left.Await(ctx)
		if err != nil {
			return 0, err
		}
		b, err := right.Await(ctx)
		return a + b + 1, err
	})
}

// newPool makes a pool that the test's end closes.
func newPool(t *testing.T, cfg procpool.Config) *procpool.Pool {
	t.Helper()
	p, err := procpool.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestCall(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err)
	require.Equal(t, 42, v)
}

func TestFanOut(t *testing.T) {
	for _, workers := range []int{1, 2} {
		p := newPool(t, procpool.Config{Workers: workers})
		start := time.Now()
		v, err := fan.Do(bounded(t), p, 10)
		require.NoError(t, err)
		require.Equal(t, 1<<11-1, v)
		t.Log(workers, time.Since(start))
	}
}
