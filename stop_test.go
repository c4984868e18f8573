package quartet_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// part of a service notes how it is stopped.
type part struct {
	name  string
	log   *[]string
	needs time.Duration // to shut down
	err   error         // of Close
}

func (p part) Name() string { return p.name }

func (p part) Shutdown(ctx context.Context) error {
	*p.log = append(*p.log, "shutdown "+p.name)
	return quartet.Sleep(ctx, p.needs)
}

func (p part) Close() error {
	*p.log = append(*p.log, "close "+p.name)
	return p.err
}

func TestStopInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		parts := []quartet.Stopper{part{name: "server", log: &log, needs: time.Second}, part{name: "pool", log: &log}}
		require.NoError(t, quartet.Stop(t.Context(), parts...))
		require.Equal(t, []string{"shutdown server", "shutdown pool"}, log)
	})
}

func TestStopClosesWhatIsNotDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		broken := errors.New("broken")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := quartet.Stop(ctx,
			part{name: "done", log: &log, needs: time.Second},
			part{name: "slow", log: &log, needs: time.Hour},
			part{name: "next", log: &log, needs: time.Hour, err: broken})
		require.Equal(t, []string{"shutdown done", "shutdown slow", "shutdown next", "close slow", "close next"}, log)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, broken)
		require.EqualError(t, err,
			"stopping slow: context deadline exceeded\nstopping next: context deadline exceeded\nstopping next: broken")
	})
}

// A Shutdown that fails while ctx has not ended has nothing to do with time: Close is not for it.
func TestStopReportsOtherErrors(t *testing.T) {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()
	err := quartet.Stop(t.Context(), pool.Priority(workerpool.High))
	require.ErrorIs(t, err, quartet.ErrView)
	err = quartet.Run(t.Context(), pool, func(ctx context.Context) error {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return quartet.Stop(ended, pool) // from inside: Close would wait for this task
	})
	require.ErrorIs(t, err, quartet.ErrInside)
	require.NoError(t, quartet.Stop(t.Context(), pool, &http.Server{}))
}

func TestStopOfNil(t *testing.T) {
	var log []string
	require.PanicsWithValue(t, "quartet: Stop of a nil Stopper, number 2 of 2", func() {
		_ = quartet.Stop(t.Context(), part{log: &log}, nil)
	})
	require.Empty(t, log)
}
