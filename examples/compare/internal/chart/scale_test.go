package chart

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLog2IsExactEnough(t *testing.T) {
	require.Zero(t, log2(0))
	for _, x := range []uint64{1, 2, 3, 7, 10, 100, 12345, 1e9, 1 << 62, 1<<63 + 1, math.MaxUint64} {
		require.InDelta(t, math.Log2(float64(x)), float64(log2(x))/65536, 2.0/65536, x)
	}
}

func TestLogScale(t *testing.T) {
	s := logScale{1, 1000, px(10), px(300)}
	require.Equal(t, px(10), s.of(1))
	require.Equal(t, px(310), s.of(1000))
	require.InDelta(t, int(px(110)), int(s.of(10)), 1)
	require.Equal(t, px(10), s.of(0))
	require.Equal(t, px(310), s.of(5000))
	require.Equal(t, []uint64{1, 10, 100, 1000}, s.ticks())
	require.Equal(t, []uint64{20, 50, 100, 200}, logScale{from: 20, to: 200}.ticks())
	for _, c := range []struct{ xs, want []uint64 }{
		{[]uint64{30, 2000}, []uint64{20, 2000}},
		{[]uint64{10}, []uint64{10, 20}},
		{[]uint64{99, 101}, []uint64{50, 200}},
		{nil, []uint64{1, 2}},
		{[]uint64{0}, []uint64{1, 2}},
	} {
		from, to := roundAround(c.xs)
		require.Equal(t, c.want, []uint64{from, to})
	}
}

func TestLengthsAndUnits(t *testing.T) {
	for want, n := range map[string]tenth{"12": 120, "12.3": 123, "0": 0, "-0.5": -5, "-12": -120} {
		require.Equal(t, want, n.String())
	}
	require.Equal(t, "1.5 ms", unit(1500*time.Microsecond))
	require.Equal(t, "100 µs", unit(100*time.Microsecond))
}
