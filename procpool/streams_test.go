package procpool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/procpool"
)

// flow is what a stream is to do.
type flow struct {
	N    int    // items
	Size int    // of each
	How  string // of its death, after N items; empty: it ends

	Within bool // it dies while it writes one item more, for which shared memory has no room
}

// flows yields bodies, and may then die.
var flows = quartet.Define("flows", func(_ context.Context, f flow) (iter.Seq2[[]byte, error], error) {
	return func(yield func([]byte, error) bool) {
		for i := range f.N {
			if !yield(bodyOf(f.Size, i), nil) {
				return
			}
		}
		switch {
		case f.How == "":
		case f.Within:
			go func() {
				awaitWriting()
				dieBy(f.How)
			}()
			yield(bytes.Repeat([]byte("larger"), 12<<20), nil)
		default:
			dieBy(f.How)
		}
	}, nil
})

// numbers is a stream that only fakes have.
var numbers = quartet.Declare[int, iter.Seq2[int, error]]("numbers")

// read reads a stream to its end, and returns the error of the last pair.
func read(t *testing.T, p quartet.Executor, f flow) (items int, last error) {
	t.Helper()
	seq, err := flows.Do(bounded(t), p, f)
	require.NoError(t, err)
	for body, err := range seq {
		require.NoError(t, last, "an error is the last pair")
		if last = err; err == nil {
			require.True(t, bytes.Equal(bodyOf(f.Size, items), body))
			items++
		}
	}
	return items, last
}

// The crash matrix of streams: each kind of death in the middle of one, with items in frames and in
// shared memory. The items that were sent arrive, the last pair says how the worker was lost, and
// nobody else fails.
func TestCrashMatrixOfStreams(t *testing.T) {
	leavesNothing(t)
	for _, how := range kindsOfDeath {
		if (how == "SIGSTOP" || how == "memory") && !executortest.Long() {
			continue
		}
		for _, size := range []int{100, 100 << 10} {
			t.Run(fmt.Sprint(how, " ", size), func(t *testing.T) {
				t.Parallel()
				p := newPool(t, procpool.Config{
					Workers: 1, HangTimeout: foundAfter(how), OnOutput: func(procpool.Line) {},
					Env: append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0"),
				})
				var fs []*quartet.Future[int]
				for i := range 20 {
					fs = append(fs, double.Go(bounded(t), p, i))
				}
				items, err := read(t, p, flow{N: 40, Size: size, How: how})
				require.Equal(t, 40, items)
				var lost *procpool.WorkerLostError
				if how == "panic" || how == "goexit" {
					require.NotErrorAs(t, err, &lost)
					require.Equal(t, how == "goexit", errors.Is(err, quartet.ErrGoexit), "%v", err)
					require.Error(t, err)
				} else {
					require.ErrorAs(t, err, &lost)
					require.Equal(t, "flows", lost.Func)
				}
				_, err = quartet.AwaitAll(bounded(t), fs...)
				require.NoError(t, err, "nobody else fails")
				items, err = read(t, p, flow{N: 100, Size: size})
				require.NoError(t, err, "the pool goes on")
				require.Equal(t, 100, items)
				require.NoError(t, p.Shutdown(bounded(t)))
				s := p.Stats()
				require.Equal(t, s.Submitted, s.Done+s.Failed)
				require.Equal(t, uint64(1), s.Failed)
			})
		}
	}
}

// The same in the middle of an item: the items before it arrive, and nothing of that one.
func TestCrashMatrixWithinAnItem(t *testing.T) {
	leavesNothing(t)
	for _, how := range kindsOfDeath {
		if how == "goexit" || (how == "SIGSTOP" || how == "memory") && !executortest.Long() {
			continue // it ends no worker; or it takes a second to find
		}
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := newPool(t, procpool.Config{
				Workers: 1, HangTimeout: foundAfter(how), OnOutput: func(procpool.Line) {},
				Env: append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0"),
			})
			watch := watchDeath.Go(bounded(t), p, none{})
			items, err := read(t, p, flow{N: 40, Size: 100, How: how, Within: true})
			require.Equal(t, 40, items)
			var lost *procpool.WorkerLostError
			require.ErrorAs(t, err, &lost)
			require.Equal(t, "flows", lost.Func)
			_, err = watch.Await(bounded(t))
			require.ErrorAs(t, err, new(*deathWatch))
			items, err = read(t, p, flow{N: 100, Size: 100})
			require.NoError(t, err, "the pool goes on")
			require.Equal(t, 100, items)
			require.NoError(t, p.Shutdown(bounded(t)))
			s := p.Stats()
			require.Equal(t, s.Submitted, s.Done+s.Failed)
			require.Equal(t, uint64(2), s.Failed)
		})
	}
}

// A stream whose worker is killed from outside while its reader is far behind.
func TestKilledInMidStream(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 1})
	seq, err := flows.Do(bounded(t), p, flow{N: 1 << 30, Size: 10})
	require.NoError(t, err)
	items := 0
	var last error
	for _, err := range seq {
		if last = err; err != nil {
			continue
		}
		if items++; items == 1000 {
			require.True(t, p.Kill(0, os.Kill))
		}
	}
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, last, &lost)
	require.GreaterOrEqual(t, items, 1000)
	require.LessOrEqual(t, items, 1000+2*stream.Items)
}

// A worker that is a bad writer of streams costs its own, in bounded memory.
func TestHostileStreams(t *testing.T) {
	leavesNothing(t)
	for mode, says := range map[string]string{
		"items kind":    "unknown kind 9",
		"items endless": "does not wait",
		"items large":   "does not wait",
		"bulk huge":     "out of range",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := fakes(t, mode, procpool.Config{MaxFrame: 8 << 20})
			seq, err := numbers.Do(bounded(t), p, 1)
			require.NoError(t, err)
			var last error
			for _, err := range seq {
				last = err
			}
			require.ErrorContains(t, last, says)
		})
	}
}

// A worker that does not know of streams answers one with a result: an error, and no empty stream.
func TestResultInPlaceOfAStream(t *testing.T) {
	leavesNothing(t)
	p := fakes(t, "plain", procpool.Config{})
	seq, err := numbers.Do(bounded(t), p, 1)
	require.NoError(t, err)
	var last error
	for _, err := range seq {
		last = err
	}
	require.ErrorContains(t, last, `one result of "numbers", which Go declares as a stream`)
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err, "the worker lives")
	require.Equal(t, 42, v)
}

// An item of a call that is over is a fault of the worker's, and no result any more.
func TestItemOfACallThatIsOver(t *testing.T) {
	leavesNothing(t)
	p := fakes(t, "item late", procpool.Config{})
	for range 3 {
		v, err := double.Do(bounded(t), p, 21)
		if err != nil { // the worker had begun with it when it was found out
			require.ErrorContains(t, err, "is not there")
		} else {
			require.Equal(t, 42, v)
		}
	}
	require.Eventually(t, func() bool { return p.Restarts()["protocol error"] > 0 }, time.Minute, time.Millisecond)
}

// A reader that leaves a stream whose worker does not stop waits for Config.KillCancelled.
func TestStreamThatDoesNotStop(t *testing.T) {
	leavesNothing(t)
	p := fakes(t, "items stop", procpool.Config{KillCancelled: true, Grace: 50 * time.Millisecond})
	seq, err := numbers.Do(bounded(t), p, 1)
	require.NoError(t, err)
	for n, err := range seq {
		require.NoError(t, err)
		require.Equal(t, 1, n)
		break
	}
	require.Eventually(t, func() bool { return p.Stats().Failed == 1 }, time.Minute, time.Millisecond)
}
