package executortest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/procpool"
)

var errStream = errors.New("executortest: a stream's own error")

func init() { procpool.RegisterError("executortest.stream", errStream) }

type streamOrder struct {
	N       int    // how many items
	At      int    // where How happens
	How     string // see counts
	Body    int    // of each item, in bytes
	Ordered bool   // it sleeps for a moment at each item
}

type streamItem struct {
	N    int
	Body []byte
}

// made counts the items that were made in this process.
var made atomic.Int64

// counts yields numbers: the same function on each executor.
var counts = quartet.Define("executortest_test.counts",
	func(ctx context.Context, o streamOrder) (iter.Seq2[streamItem, error], error) {
		if o.How == "refuses" {
			return nil, errStream
		}
		if o.How == "nil" {
			return nil, nil
		}
		return func(yield func(streamItem, error) bool) {
			for i := range o.N {
				if i == o.At {
					switch o.How {
					case "yields an error":
						if !yield(streamItem{N: -1}, errStream) {
							return
						}
					case "panics":
						panic("planted panic")
					case "waits for the end":
						<-ctx.Done()
						return
					}
				}
				if o.Ordered {
					if quartet.Sleep(ctx, time.Microsecond) != nil {
						return
					}
				}
				made.Add(1)
				if !yield(streamItem{i, make([]byte, o.Body)}, nil) {
					return
				}
			}
		}, nil
	})

// sums reads a stream in a task, on the executor that runs both.
var sums = quartet.Define("executortest_test.sums", func(ctx context.Context, n int) (int, error) {
	ex, _ := quartet.Current(ctx)
	seq, err := counts.Do(ctx, ex, streamOrder{N: n})
	if err != nil {
		return 0, err
	}
	sum := 0
	for item, err := range seq {
		if err != nil {
			return 0, err
		}
		sum += item.N
	}
	return sum, nil
})

func TestStreams(t *testing.T) {
	for _, s := range []executortest.Subject{
		inline, pool, loop, gilReal, serialized(inline), serialized(pool),
		processes, serialized(processes),
	} {
		t.Run(s.Name, func(t *testing.T) {
			ex := s.New(t, executortest.Options{Size: 1, OnPanic: func(error) {}})
			for _, tt := range []struct {
				name string
				test func(t *testing.T, ctx context.Context, ex quartet.Executor)
			}{
				{"all items in order", streamsAllItems},
				{"bodies of all sizes", streamsBodies},
				{"fails", streamsFailures},
				{"left early", streamsLeftEarly},
				{"ctx ends", streamsCancelled},
				{"read in a task", streamsReadInATask},
				{"the other ways to call", streamsOtherCalls},
			} {
				t.Run(tt.name, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					tt.test(t, ctx, ex)
				})
			}
			require.NoError(t, ex.Close())
			var last error
			seq, err := counts.Do(t.Context(), ex, streamOrder{N: 1})
			require.NoError(t, err, "nothing has been started")
			for _, err := range seq {
				last = err
			}
			require.ErrorIs(t, last, quartet.ErrClosed)
		})
	}
}

func streamsAllItems(t *testing.T, ctx context.Context, ex quartet.Executor) {
	for _, n := range []int{0, 1, stream.Items - 1, stream.Items, stream.Items + 1, 1000} {
		seq, err := counts.Do(ctx, ex, streamOrder{N: n, Ordered: n%2 == 0})
		require.NoError(t, err)
		for range 2 { // each loop is a call
			next := 0
			for item, err := range seq {
				require.NoError(t, err)
				require.Equal(t, next, item.N)
				next++
			}
			require.Equal(t, n, next)
		}
	}
}

func streamsBodies(t *testing.T, ctx context.Context, ex quartet.Executor) {
	for _, size := range []int{1 << 10, 64 << 10, 300 << 10, 3 << 20} {
		n := min(100, 4<<20/size)
		seq, err := counts.Do(ctx, ex, streamOrder{N: n, Body: size})
		require.NoError(t, err)
		next := 0
		for item, err := range seq {
			require.NoError(t, err)
			require.Equal(t, next, item.N)
			require.Len(t, item.Body, size)
			next++
		}
		require.Equal(t, n, next)
	}
}

func streamsFailures(t *testing.T, ctx context.Context, ex quartet.Executor) {
	for _, tt := range []struct {
		how  string
		all  int // of the pairs
		is   func(error) bool
		last bool
	}{
		{"refuses", 1, func(err error) bool { return errors.Is(err, errStream) }, true},
		{"nil", 0, nil, false},
		{"yields an error", 6, func(err error) bool { return errors.Is(err, errStream) }, false},
		{
			"panics", 4,
			func(err error) bool { p := (*quartet.PanicError)(nil); return errors.As(err, &p) && len(p.Stack) > 0 },
			true,
		},
	} {
		seq, err := counts.Do(ctx, ex, streamOrder{N: 5, At: 3, How: tt.how})
		require.NoError(t, err)
		pairs, failed := 0, -1
		for item, err := range seq {
			if err != nil {
				require.True(t, tt.is(err), "%s: %v", tt.how, err)
				require.Equal(t, streamItem{}, item)
				failed = pairs
			}
			pairs++
		}
		require.Equal(t, tt.all, pairs, tt.how)
		if tt.last {
			require.Equal(t, pairs-1, failed, tt.how)
		}
	}
}

// Leaving the loop ends the call, and the writer is never far ahead.
func streamsLeftEarly(t *testing.T, ctx context.Context, ex quartet.Executor) {
	for _, stop := range []int{1, 5, 100, 200} {
		made.Store(0)
		seq, err := counts.Do(ctx, ex, streamOrder{N: 1 << 30})
		require.NoError(t, err)
		n := 0
		for _, err := range seq {
			require.NoError(t, err)
			if n++; n == stop {
				break
			}
		}
		require.LessOrEqual(t, made.Load(), int64(stop+2*stream.Items), "the writer was too far ahead")
	}
	require.Panics(t, func() {
		seq, _ := counts.Do(ctx, ex, streamOrder{N: 10})
		for range seq {
			panic("of the loop's body")
		}
	})
	if s, ok := quartet.As[interface{ Stats() quartet.Stats }](ex); ok {
		require.Eventually(t, func() bool {
			n := s.Stats()
			return n.Running+n.Queued+n.Waiting == 0
		}, time.Minute, time.Millisecond, "the calls have ended")
	}
}

func streamsCancelled(t *testing.T, ctx context.Context, ex quartet.Executor) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	seq, err := counts.Do(ctx, ex, streamOrder{N: 10, At: 3, How: "waits for the end"})
	require.NoError(t, err)
	n := 0
	var last error
	for _, err := range seq {
		if last = err; err != nil {
			continue
		}
		if n++; n == 3 {
			cancel(errStream)
		}
	}
	require.Equal(t, 3, n)
	require.Equal(t, errStream, last)
}

func streamsReadInATask(t *testing.T, ctx context.Context, ex quartet.Executor) {
	sum, err := sums.Do(ctx, ex, 1000)
	require.NoError(t, err)
	require.Equal(t, 999*1000/2, sum)
}

func streamsOtherCalls(t *testing.T, ctx context.Context, ex quartet.Executor) {
	future := counts.Go(ctx, ex, streamOrder{N: 3})
	seq, err := future.Result()
	require.NoError(t, err)
	seen := []string{}
	read := func(name string, seq iter.Seq2[streamItem, error]) {
		for item, err := range seq {
			require.NoError(t, err)
			seen = append(seen, fmt.Sprint(name, item.N))
		}
	}
	read("go", seq)
	for seq, err := range counts.Map(ctx, ex, func(yield func(streamOrder) bool) { yield(streamOrder{N: 2}) }) {
		require.NoError(t, err)
		read("map", seq)
	}
	seq, err = counts.Local(ctx, streamOrder{N: 1})
	require.NoError(t, err)
	read("local", seq)
	require.Equal(t, []string{"go0", "go1", "go2", "map0", "map1", "local0"}, seen)
}

func TestStreamsOfOtherFormsAreRefused(t *testing.T) {
	require.PanicsWithValue(t,
		`quartet: Define("executortest_test.seq"): iter.Seq[int] does not travel: a stream is an iter.Seq2[T, error]`,
		func() {
			quartet.Declare[int, iter.Seq[int]]("executortest_test.seq")
		})
	require.Panics(t, func() { quartet.Declare[int, iter.Seq2[chan int, error]]("executortest_test.chan") })
	require.Panics(t, func() { quartet.Declare[iter.Seq2[int, error], int]("executortest_test.input") })
}

// slowSubmit returns from SubmitCall when it may.
type slowSubmit struct {
	quartet.Executor
	goOn chan struct{}
}

func (s slowSubmit) SubmitCall(ctx context.Context, c quartet.Call) error {
	err := s.Executor.SubmitCall(ctx, c)
	<-s.goOn
	return err
}

// The writer waits for a reader that cannot read yet, as its submit has not returned.
func TestStreamsWaitForASlowSubmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := slowSubmit{pool.New(t, executortest.Options{Size: 1}), make(chan struct{})}
		made.Store(0)
		read := make(chan int)
		go func() {
			n := 0
			seq, _ := counts.Do(t.Context(), ex, streamOrder{N: 1000})
			for range seq {
				n++
			}
			read <- n
		}()
		synctest.Wait()
		require.EqualValues(t, stream.Items, made.Load())
		close(ex.goOn)
		require.Equal(t, 1000, <-read)
		require.NoError(t, ex.Close())
	})
}
