package eventloop_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

func TestBusyNamesTheCallbackThatHasTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{
			SlowCallback: 100 * time.Millisecond,
			OnSlow:       func(time.Duration, []byte) {},
		})
		l.Start()
		_, _, ok := l.Busy()
		require.False(t, ok, "nothing runs")
		end := make(chan struct{})
		f := quartet.Go(quartet.Label(t.Context(), "slow page"), l, func(context.Context) (int, error) {
			<-end
			return 0, nil
		})
		time.Sleep(time.Second)
		ran, stack, ok := l.Busy()
		require.True(t, ok)
		require.Greater(t, ran, 900*time.Millisecond)
		require.LessOrEqual(t, ran, time.Second)
		require.Contains(t, stack, "slow page")
		require.Contains(t, stack, "TestBusyNamesTheCallbackThatHasTheLoop")
		close(end)
		_, err := f.Await(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		_, _, ok = l.Busy()
		require.False(t, ok, "it is parked")
		require.NoError(t, l.Close())
	})
}
