package procpool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

func benchPool(b *testing.B) *procpool.Pool {
	p, err := procpool.New(procpool.Config{Workers: 2})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, p.Close()) })
	_, err = double.Do(b.Context(), p, 1)
	require.NoError(b, err)
	b.ReportAllocs()
	return p
}

// One task at a time, there and back.
func BenchmarkRoundTrip(b *testing.B) {
	p := benchPool(b)
	for b.Loop() {
		_, _ = double.Do(context.Background(), p, 1)
	}
}

// A deep queue of tiny tasks.
func BenchmarkDeepQueue(b *testing.B) {
	p := benchPool(b)
	const deep = 1000
	var queue [deep]*quartet.Future[int]
	i := 0
	for b.Loop() {
		if f := queue[i%deep]; f != nil {
			_, _ = f.Await(context.Background())
		}
		queue[i%deep] = double.Go(context.Background(), p, i)
		i++
	}
}

// A mebibyte there and back, one at a time.
func BenchmarkBulk(b *testing.B) {
	p := benchPool(b)
	body := make([]byte, 1<<20)
	b.SetBytes(2 << 20)
	for b.Loop() {
		_, _ = bytes_.Do(context.Background(), p, body)
	}
}
