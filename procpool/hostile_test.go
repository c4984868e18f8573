package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// What a worker does to its task costs that task, at once, and the pool goes on and closes.
func TestHostileWorkersCostTheirCalls(t *testing.T) {
	leavesNothing(t)
	for mode, says := range map[string]string{
		"kind":          "unknown kind 48",
		"closes out":    "lives on",
		"returns":       "gives task",
		"returns asked": "was not",
		"returns begun": "which has started",
		"shutdown":      "SHUTDOWN",
		"nested errors": "x",
		"huge error":    "garbled: it has",
		"promises":      "has 1 bytes, not the 8388608",
		"two calls":     "two CALLs",
		"bulk without":  "there is none",
		"bulk before":   "out of range",
		"bulk behind":   "out of range",
		"bulk huge":     "out of range",
		"bulk wraps":    "out of range",
		"bulk cut":      "named by 5 bytes",
		"bulk empty":    "decoding the output", // the size of the memory is sealed: it is read as zeros
		"item":          "takes one result",
		"taken":         "more than there are",
		"calls":         "had to be refused",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := fakes(t, mode, procpool.Config{Grace: 100 * time.Millisecond, MaxFrame: 8 << 20})
			for range 2 {
				begin := time.Now()
				_, err := double.Do(bounded(t), p, 21)
				require.ErrorContains(t, err, says)
				require.NotErrorIs(t, err, procpool.ErrCrashLoop)
				require.Less(t, time.Since(begin), 20*time.Second)
			}
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			require.Less(t, memory.HeapAlloc, uint64(600<<20))
			begin := time.Now()
			require.NoError(t, p.Close())
			require.Less(t, time.Since(begin), 5*time.Second)
		})
	}
}

// A worker that has closed its end of the pool's pipe is noticed by the next frame to it.
func TestHostileWorkerThatDoesNotListen(t *testing.T) {
	t.Parallel()
	p := fakes(t, "closes in", procpool.Config{})
	f := double.Go(bounded(t), p, 21)
	require.Eventually(t, func() bool { return p.Stats().Waiting == 1 }, time.Minute, time.Millisecond)
	f.Cancel(errKnown)
	_, err := f.Await(bounded(t))
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.ErrorContains(t, lost.Cause, "lives on")
}

// A worker that closes its pipe before its hello does not keep the pool waiting for BootTimeout.
func TestAWorkerThatHangsUpBeforeItsHello(t *testing.T) {
	t.Parallel()
	p := fakes(t, "closes out early", procpool.Config{BootTimeout: time.Hour})
	err := p.Ready(bounded(t))
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorContains(t, err, "lives on")
}

// A worker that is let go, and stays, is killed after Config.Grace.
func TestAWorkerThatStaysIsKilled(t *testing.T) {
	t.Parallel()
	p := fakes(t, "stays", procpool.Config{MaxTasks: 1, Grace: 50 * time.Millisecond})
	for range 3 {
		v, err := double.Do(bounded(t), p, 21)
		require.NoError(t, err)
		require.Equal(t, 42, v)
	}
}

var comesLate = quartet.Declare[int, int]("a function of the pool's own that comes late")

// Names of functions that a worker makes up keep no other worker from coming up.
func TestHostileNames(t *testing.T) {
	leavesNothing(t)
	p := fakes(t, "names", procpool.Config{MaxTasks: 1})
	for range 12 {
		v, err := double.Do(bounded(t), p, 21)
		require.NoError(t, err)
		require.Equal(t, 42, v)
	}
	_, err := comesLate.Do(bounded(t), p, 1)
	require.NoError(t, err)
}

// Replies that the worker does not read do not pile up.
func TestHostileRepliesUnread(t *testing.T) {
	leavesNothing(t)
	p := fakes(t, "unread replies", procpool.Config{MaxFrame: 1 << 20})
	p.Resize(2)
	f := double.Go(bounded(t), p, 21)
	_, err := f.Await(bounded(t))
	require.Error(t, err)
}

var (
	errPool *procpool.Pool // that the worker's error asks, in the parent
	asked   = make(chan uint64, 1)
)

// opError needs what does not travel.
type opError struct {
	Op  string
	Err error `json:"-"`
}

func (e *opError) Error() string { return e.Op + ": " + e.Err.Error() }
func (e *opError) Unwrap() error { return e.Err }

// curious asks the pool while it is decoded.
type curious struct{ N int }

func (e *curious) Error() string { return "curious" }

func (e *curious) UnmarshalJSON([]byte) error {
	if errPool != nil {
		asked <- errPool.Stats().Submitted
	}
	return nil
}

// spiteful panics wherever it is asked.
type spiteful struct{ N int }

func (e *spiteful) Error() string                { return "spiteful" }
func (e *spiteful) Is(error) bool                { panic("Is") }
func (e *spiteful) As(any) bool                  { panic("As") }
func (e *spiteful) MarshalJSON() ([]byte, error) { panic("MarshalJSON") }

func init() {
	procpool.RegisterErrorType[*opError]("procpool_test.opError")
	procpool.RegisterErrorType[*curious]("procpool_test.curious")
	procpool.RegisterErrorType[*spiteful]("procpool_test.spiteful")
}

var failsOddly = quartet.Define("failsOddly", func(_ context.Context, how string) (int, error) {
	switch how {
	case "op":
		return 0, &opError{"open", errKnown}
	case "curious":
		return 0, &curious{1}
	case "spiteful":
		return 0, fmt.Errorf("around: %w", &spiteful{1})
	case "deep":
		err := errors.New("at the bottom")
		for range 300 {
			err = &quartet.PanicError{Value: err, Stack: []byte(strings.Repeat("s", 1000))}
		}
		return 0, err
	}
	joined := make([]error, 10_000)
	for i := range joined {
		joined[i] = &typedError{i}
	}
	return 0, errors.Join(joined...)
})

// Methods of the user's errors run under no lock, and what panics there is left out.
func TestErrorsThatMisbehave(t *testing.T) {
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 1, OnPanic: func(error) {}})
	errPool = p
	defer func() { errPool = nil }()
	_, err := failsOddly.Do(bounded(t), p, "op")
	require.EqualError(t, err, "open: a registered error")
	require.ErrorIs(t, err, errKnown)
	_, err = failsOddly.Do(bounded(t), p, "curious")
	require.EqualError(t, err, "curious")
	require.NotZero(t, <-asked)
	_, err = failsOddly.Do(bounded(t), p, "spiteful")
	require.EqualError(t, err, "around: spiteful")
	for _, how := range []string{"deep", "wide"} {
		_, err = failsOddly.Do(bounded(t), p, how)
		require.Error(t, err)
		require.NotErrorIs(t, err, procpool.ErrProtocol)
	}
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err)
	require.Equal(t, 42, v)
}
