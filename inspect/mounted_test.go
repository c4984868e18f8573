package inspect_test

import (
	"context"
	"crypto/sha256"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/workerpool"
)

// BenchmarkMounted shows a difference of 1 % on a machine that other programs use too: by what
// factor tasks of a pool take longer with a page at which nobody looks. Run it with
// -benchtime=2000x: that many pairs of slices of about a millisecond, one without a page and one
// with it, right after each other and in turns first. It reports the median of their ratios and
// bounds between which it is with 99 % confidence. "same" compares two pools without a page, which
// shows what the method itself is worth; "left" is a page at which somebody has looked before.
func BenchmarkMounted(b *testing.B) {
	for _, row := range []struct {
		name string
		work func(*workerpool.Pool, int)
	}{{"Do", doEmpty}, {"GoAwait", goAwait}, {"Go", goBare}, {"hash", doHash}} {
		for name, page := range map[string]func(*workerpool.Pool) (done func()){
			"same": func(*workerpool.Pool) func() { return func() {} },
			"mounted": func(p *workerpool.Pool) func() {
				inspect.Handler(p)
				return func() {}
			},
			"left": func(p *workerpool.Pool) func() {
				page := inspect.Handler(p)
				get(page, "/")
				_ = page.Close()
				return func() {}
			},
			"looked": func(p *workerpool.Pool) func() {
				page := inspect.Handler(p)
				get(page, "/")
				return func() { _ = page.Close() }
			},
		} {
			b.Run(row.name+"/"+name, func(b *testing.B) {
				low, median, high := interval(pairs(row.work, page, b.N))
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median, "ratio")
				b.ReportMetric(low, "ratio-low")
				b.ReportMetric(high, "ratio-high")
			})
		}
	}
}

func doEmpty(p *workerpool.Pool, n int) {
	for range n {
		_ = quartet.Run(context.Background(), p, func(context.Context) error { return nil })
	}
}

func goAwait(p *workerpool.Pool, n int) {
	for range n {
		f := quartet.Go(context.Background(), p, func(context.Context) (int, error) { return 0, nil })
		_, _ = f.Await(context.Background())
	}
}

func goBare(p *workerpool.Pool, n int) {
	for range n {
		_ = p.Go(func() {})
	}
}

func doHash(p *workerpool.Pool, n int) {
	var data [8 << 10]byte
	for range n {
		_ = quartet.Run(context.Background(), p, func(context.Context) error {
			sha256.Sum256(data[:])
			return nil
		})
	}
}

// pairs returns n ratios. Each hundred of them has pools of its own, so that no place in memory
// decides.
func pairs(work func(*workerpool.Pool, int), page func(*workerpool.Pool) func(), n int) []float64 {
	const perPools = 100
	ratios := make([]float64, 0, n)
	for size := 0; len(ratios) < n; {
		without, with := workerpool.New(workerpool.Config{}), workerpool.New(workerpool.Config{})
		done := page(with)
		slice := func(p *workerpool.Pool) float64 {
			begin := time.Now()
			work(p, size)
			return float64(time.Since(begin))
		}
		if size == 0 {
			const some = 1000
			begin := time.Now()
			work(without, some)
			size = max(1, int(some*time.Millisecond/time.Since(begin)))
		}
		slice(without)
		slice(with) // both are warm
		for range min(perPools, n-len(ratios)) {
			var a, b float64
			if len(ratios)%2 == 0 {
				a, b = slice(without), slice(with)
			} else {
				b, a = slice(with), slice(without)
			}
			ratios = append(ratios, b/a)
		}
		done()
		_ = without.Close()
		_ = with.Close()
	}
	return ratios
}

// interval returns the median and the order statistics between which it is with 99 % confidence,
// whatever the distribution.
func interval(ratios []float64) (low, median, high float64) {
	slices.Sort(ratios)
	n := len(ratios)
	half := int(math.Ceil(2.576 * math.Sqrt(float64(n)) / 2))
	return ratios[max(0, n/2-half)], ratios[n/2], ratios[min(n-1, n/2+half)]
}

func TestIntervalOfAMedian(t *testing.T) {
	ratios := make([]float64, 10_000)
	for i := range ratios {
		ratios[i] = float64((i*7919)%len(ratios)) / float64(len(ratios)) // each once
	}
	low, median, high := interval(ratios)
	require.InDelta(t, 0.5, median, 1e-3)
	require.InDelta(t, 0.5-2.576*0.005, low, 1e-3)
	require.InDelta(t, 0.5+2.576*0.005, high, 1e-3)
	low, median, high = interval([]float64{2})
	require.Equal(t, []float64{2, 2, 2}, []float64{low, median, high})
}
