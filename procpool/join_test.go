package procpool_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool"
)

// A submitter that waits reads the worker's pipe itself; whatever else comes meanwhile must not be
// left lying.
func TestJoinedCallsAmongOthers(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	ctx := bounded(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 300 {
				v, err := double.Do(ctx, p, i)
				if err != nil || v != 2*i {
					t.Errorf("double.Do(%d): %d, %v", i, v, err)
					return
				}
				f := double.Go(ctx, p, i)
				if i%3 == 0 { // the reader has a rest before what comes next
					time.Sleep(3 * time.Millisecond)
				}
				if v, err := f.Await(ctx); err != nil || v != 2*i {
					t.Errorf("double.Go(%d): %d, %v", i, v, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestJoinedCallIsCancelled(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	for range 3 {
		_, err := double.Do(bounded(t), p, 1)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(bounded(t), 20*time.Millisecond)
	defer cancel()
	_, err := untilCancelled.Do(ctx, p, none{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	v, err := double.Do(bounded(t), p, 4)
	require.NoError(t, err)
	require.Equal(t, 8, v)
}

func TestJoinedCallIsLost(t *testing.T) {
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 1})
	for range 20 {
		_, err := double.Do(bounded(t), p, 1)
		require.NoError(t, err)
		_, err = die.Do(bounded(t), p, "exit")
		var lost *procpool.WorkerLostError
		require.ErrorAs(t, err, &lost)
		require.Equal(t, 3, lost.ExitCode)
	}
	require.NoError(t, p.Shutdown(bounded(t)))
	require.Equal(t, uint64(0), p.Stats().Running)
}
