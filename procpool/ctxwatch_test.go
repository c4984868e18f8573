package procpool

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// slowError says nothing until it is let go.
type slowError struct{ let chan struct{} }

func (e *slowError) Error() string {
	<-e.let
	return "slow"
}

// Close waits for the goroutine that tells a worker of the end of a context.
func TestCloseWaitsForWatchesOfContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newMutePool(t, Config{})
		require.NoError(t, f.feed(f.hello(t, wire.Greeting{})))
		ctx, cancel := context.WithCancelCause(context.Background())
		future := fuzzed.Go(ctx, f.Pool, 1)
		slow := &slowError{make(chan struct{})}
		cancel(slow)
		synctest.Wait() // the watch encodes the cause
		require.NoError(t, f.feed(wire.Append(nil, wire.Frame{Type: wire.Result, ID: 1, Body: []byte("1")})))
		_, err := future.Result()
		require.NoError(t, err)
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			f.gone(t, nil)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close has returned before the watch")
		default:
		}
		close(slow.let)
		<-closed
	})
}
