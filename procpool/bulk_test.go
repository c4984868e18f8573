package procpool_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// bodyOf is a body that says whose it is, with a period that no page has.
func bodyOf(size, seed int) []byte {
	text := fmt.Appendf(nil, "body %d, ", 1_000_000+seed)
	return bytes.Repeat(text, size/len(text)+1)[:size]
}

// Bodies around the sizes at which their way changes arrive as they were, many at once.
func TestBodiesOfAllSizes(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 2})
	least, fragment := wire.BulkLeast, wire.Fragment
	for _, size := range []int{0, 1, least - 1, least, least + 1, fragment - 1, fragment, fragment + 1, 3 << 20} {
		var fs []*quartet.Future[[]byte]
		for i := range 8 {
			fs = append(fs, bytes_.Go(quartet.Label(bounded(t), "with an ext block"), p, bodyOf(size, i)))
		}
		for i, f := range fs {
			out, err := f.Await(bounded(t))
			require.NoError(t, err)
			require.True(t, bytes.Equal(bodyOf(size, i), out), "%d bytes", size)
		}
	}
}

// Bodies that do not fit together into the shared memory, or never, travel in frames.
func TestBodiesBeyondTheSharedMemory(t *testing.T) {
	sizes := [][]int{{wire.BulkArea, wire.BulkArea}, {wire.BulkArea + 1}}
	if executortest.Long() {
		sizes = append(sizes, []int{200 << 20, 200 << 20})
	}
	p := newPool(t, procpool.Config{Workers: 1})
	for _, together := range sizes {
		in := bodyOf(together[0], 1)
		var fs []*quartet.Future[[]byte]
		for range together {
			fs = append(fs, bytes_.Go(bounded(t), p, in))
		}
		for _, f := range fs {
			out, err := f.Await(bounded(t))
			require.NoError(t, err)
			require.True(t, bytes.Equal(in, out))
		}
	}
}

// A script gets large inputs through shared memory, and what it makes of them is right.
func TestScriptsGetLargeInputs(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		p := newPool(t, cfg)
		for _, size := range []int{wire.BulkLeast - 1, wire.BulkLeast, 5 << 20} {
			c := &foreignBytes{in: bodyOf(size, size), done: make(chan struct{})}
			require.NoError(t, p.SubmitCall(quartet.Label(bounded(t), "with an ext block"), c))
			<-c.done
			require.NoError(t, c.err)
			require.True(t, bytes.Equal(c.in, c.out), "%d bytes", size)
			text := point{Name: strings.Repeat("ä", size/2)}
			out, err := foreignEcho.Do(bounded(t), p, text)
			require.NoError(t, err)
			require.Equal(t, text, out)
		}
	})
}

// collections counts the garbage collections of the worker. Its input is large.
var collections = quartet.Define("collections", func(context.Context, []byte) (uint32, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC, nil
})

// Large inputs are garbage soon, but not each few of them cost a worker a collection.
func TestLargeInputsCauseFewCollections(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	in := make([]byte, 1<<20)
	before, err := collections.Do(bounded(t), p, in)
	require.NoError(t, err)
	after := before
	for range 64 {
		after, err = collections.Do(bounded(t), p, in)
		require.NoError(t, err)
	}
	require.Less(t, after-before, uint32(12))
}

// When a worker dies, the inputs in its shared memory go to another, and results that lie there are
// not lost.
func TestDeathAmongLargeBodies(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 1})
	for _, how := range []string{"SIGKILL", "exit"} {
		var fs []*quartet.Future[[]byte]
		send := func() {
			for i := range 10 {
				fs = append(fs, bytes_.Go(bounded(t), p, bodyOf(wire.BulkLeast<<(i%4), i)))
			}
		}
		send()
		victim := die.Go(bounded(t), p, how)
		send()
		_, err := victim.Await(bounded(t))
		var lost *procpool.WorkerLostError
		require.ErrorAs(t, err, &lost)
		for i, f := range fs {
			out, err := f.Await(bounded(t))
			require.NoError(t, err)
			require.True(t, bytes.Equal(bodyOf(wire.BulkLeast<<(i%10%4), i%10), out))
		}
	}
}
