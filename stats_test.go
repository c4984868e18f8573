package quartet_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

func TestEmptyHistogram(t *testing.T) {
	var h quartet.Histogram
	require.Zero(t, h.Mean())
	require.Zero(t, h.Quantile(0.5))
}

func TestHistogramEdges(t *testing.T) {
	var h quartet.Histogram
	h.Observe(-time.Second)
	h.Observe(0)
	require.Equal(t, uint64(2), h.Buckets[0], "a negative duration counts as 0")
	require.Zero(t, h.Sum)
	h.Observe(1)
	require.Equal(t, uint64(1), h.Buckets[1])
	h.Observe(math.MaxInt64)
	require.Equal(t, uint64(1), h.Buckets[63])
	require.Equal(t, time.Duration(math.MaxInt64), h.Max)
	require.Equal(t, time.Duration(math.MaxInt64), h.Quantile(1))
	require.Zero(t, h.Quantile(0))
}

func TestQuantileIsAnUpperBoundAtMostTwice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h quartet.Histogram
		ds := make([]time.Duration, 1+r.IntN(300))
		for i := range ds {
			ds[i] = time.Duration(r.Int64N(1 << r.IntN(40)))
			h.Observe(ds[i])
		}
		slices.Sort(ds)
		require.Equal(t, ds[len(ds)-1], h.Max)
		for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.99, 1} {
			exact := ds[min(int(q*float64(len(ds))), len(ds)-1)]
			got := h.Quantile(q)
			require.GreaterOrEqual(t, got, exact)
			require.LessOrEqual(t, got, max(2*exact, 0))
			require.LessOrEqual(t, got, h.Max)
		}
	}
}
