package workerpool_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func nothing(context.Context) (int, error) { return 0, nil }

func TestDropOldest(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 1, Queue: 2, Saturation: workerpool.DropOldest})
	defer p.Close()
	release := make(chan struct{})
	running := make(chan struct{})
	require.NoError(t, p.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) { close(running); <-release })))
	<-running
	first := quartet.Go(t.Context(), p, nothing)
	second := quartet.Go(t.Context(), p, nothing)
	third := quartet.Go(t.Context(), p, nothing)
	_, err := first.Await(t.Context())
	require.ErrorIs(t, err, quartet.ErrDiscarded)
	_, err = quartet.Go(t.Context(), p.Priority(workerpool.Low), nothing).Await(t.Context())
	require.ErrorIs(t, err, quartet.ErrSaturated, "a low one does not push out a normal one")
	close(release)
	_, err = quartet.AwaitAll(t.Context(), second, third)
	require.NoError(t, err)
}

func TestRejectLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 2, RejectLate: true, ExactTimes: true})
		slow := func(ctx context.Context) (int, error) { return 0, quartet.Sleep(ctx, 100*time.Millisecond) }
		_, err := quartet.Do(t.Context(), p, slow)
		require.NoError(t, err)
		require.Zero(t, p.ExpectedWait(), "a worker is free")
		var fs []*quartet.Future[int]
		for range 6 {
			fs = append(fs, quartet.Go(t.Context(), p, slow))
		}
		synctest.Wait()
		require.Equal(t, 250*time.Millisecond, p.ExpectedWait(), "four ahead and itself, on two workers")
		soon, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err = quartet.Go(soon, p, nothing).Result()
		require.ErrorIs(t, err, quartet.ErrSaturated)
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = quartet.Do(late, p, nothing)
		require.NoError(t, err)
		_, err = quartet.AwaitAll(t.Context(), fs...)
		require.NoError(t, err)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 4})
		for range 100 {
			go func() { _ = p.Go(func() { time.Sleep(time.Second) }) }()
		}
		synctest.Wait()
		require.Equal(t, uint64(1), p.Stats().Running)
		p.Resize(10)
		synctest.Wait()
		require.Equal(t, uint64(10), p.Stats().Running, "at once, and blocked submitters with it")
		p.Resize(2)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, uint64(2), p.Stats().Running)
		time.Sleep(time.Minute)
		require.Equal(t, uint64(100), p.Stats().Done)
		require.NoError(t, p.Shutdown(t.Context()))
		require.Panics(t, func() { p.Resize(0) })
	})
}
