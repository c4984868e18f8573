package gil_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// switched has a thread keep the lock until another one has waited for it for a while, and then run
// then. It returns in which order the threads had the lock.
func switched(t *testing.T, policy gil.Policy, then func(ctx context.Context) error) (order []string) {
	synctest.Test(t, func(t *testing.T) {
		s := gil.New(gil.Config{Policy: policy, SlowThread: 10 * time.Hour})
		defer s.Close()
		hold := make(chan struct{})
		first := quartet.Go(t.Context(), s, func(ctx context.Context) (int, error) {
			<-hold // keeps the lock
			order = append(order, "first")
			err := then(ctx)
			order = append(order, "first again")
			return 0, err
		})
		second := quartet.Go(t.Context(), s, func(context.Context) (int, error) {
			order = append(order, "second")
			return 0, nil
		})
		time.Sleep(time.Minute)
		close(hold)
		_, err := quartet.AwaitAll(t.Context(), first, second)
		require.NoError(t, err)
	})
	return order
}

// A policy that hands the lock off gives it to the thread that waits, however soon the releaser
// wants it again. Without a hand-off, the lock is free, and the releaser may take it: it is awake.
func TestAHandedOffLockIsTheWaitersOwn(t *testing.T) {
	for range 50 {
		order := switched(t, gil.FIFO(time.Hour), func(ctx context.Context) error {
			return quartet.Block(ctx, func() {})
		})
		require.Equal(t, []string{"first", "second", "first again"}, order)
	}
}

// A thread that was asked for the lock, and drops it at a checkpoint, goes on only after another
// one has had it.
func TestAForcedReleaseWaitsForTheSwitch(t *testing.T) {
	for range 50 {
		order := switched(t, gil.Interval(time.Second), func(ctx context.Context) error {
			gil.Checkpoint(ctx)
			return nil
		})
		require.Equal(t, []string{"first", "second", "first again"}, order)
	}
}
