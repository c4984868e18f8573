package gil_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// Threads that panic, exit and are cancelled, with the lock, while they wait and before they start:
// the lock is not lost, and nobody waits for ever for a switch.
func TestStormLosesNoLock(t *testing.T) {
	ends := []func(ctx context.Context){
		func(context.Context) { panic("with the lock") },
		func(context.Context) { runtime.Goexit() },
		func(ctx context.Context) { _ = quartet.Block(ctx, func() { panic("without the lock") }) },
		func(ctx context.Context) { _ = quartet.Block(ctx, runtime.Goexit) },
		func(ctx context.Context) { _ = quartet.Suspend(ctx, func(func()) {}) },
		func(ctx context.Context) { _ = quartet.Sleep(ctx, time.Hour) },
		func(ctx context.Context) { quartet.Yield(ctx); gil.Checkpoint(ctx) },
		func(ctx context.Context) { gil.Compute(ctx, 10*time.Microsecond) },
		func(ctx context.Context) { gil.Released(ctx, time.Microsecond); panic("after a wait") },
		func(ctx context.Context) {
			_ = quartet.Suspend(ctx, func(func()) { panic("while it releases the lock") })
		},
	}
	under(t, func(t *testing.T, s *gil.Scheduler) {
		ctx, cancel := context.WithCancel(t.Context())
		var started atomic.Int32
		var fs []*quartet.Future[int]
		for i := range 60 {
			fs = append(fs, quartet.Go(ctx, s, func(ctx context.Context) (int, error) {
				started.Add(1)
				gil.Checkpoint(ctx)
				ends[i%len(ends)](ctx)
				return 0, nil
			}))
		}
		for started.Load() < 5 { // the others may be abandoned
			runtime.Gosched()
		}
		cancel()
		for _, f := range fs {
			select {
			case <-f.Done():
			case <-t.Context().Done():
			}
		}
		v, err := quartet.Do(t.Context(), s, func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, v)
		require.NoError(t, s.Close())
		st := s.Stats()
		require.Zero(t, st.Running+st.Waiting+st.Queued)
		require.Equal(t, uint64(61), st.Submitted)
		require.Equal(t, st.Submitted, st.Done+st.Failed+st.Abandoned)
	})
}

// A future ends inside its thread: whoever is told of that may look at Stats before the end of the
// thread has been counted. It has been when Shutdown returns.
func TestAThreadIsCountedAfterItsFutureHasEnded(t *testing.T) {
	under(t, func(t *testing.T, s *gil.Scheduler) {
		begin := make(chan struct{})
		f := quartet.Go(t.Context(), s, func(ctx context.Context) (int, error) {
			return 0, quartet.Block(ctx, func() { <-begin })
		})
		var then quartet.Stats
		told := make(chan struct{})
		f.OnDone(func() { then = s.Stats(); close(told) })
		close(begin)
		<-told
		require.Equal(t, uint64(1), then.Running)
		require.Zero(t, then.Done)
		require.NoError(t, s.Shutdown(t.Context()))
		require.Zero(t, s.Stats().Running)
		require.Equal(t, uint64(1), s.Stats().Done)
	})
}

// The thread that a holder was asked to make way for goes away, again and again, while the holder
// waits for the switch.
func TestForcedSwitchOutlivesItsWaiters(t *testing.T) {
	under(t, func(t *testing.T, s *gil.Scheduler) {
		stop := make(chan struct{})
		holder := quartet.Go(t.Context(), s, func(ctx context.Context) (int, error) {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return n, nil
				default:
					gil.Compute(ctx, time.Microsecond)
					quartet.Yield(ctx)
				}
			}
		})
		for range 30 {
			ctx, cancel := context.WithCancel(t.Context())
			f := quartet.Go(ctx, s, func(context.Context) (int, error) { return 0, nil })
			cancel()
			<-f.Done()
		}
		close(stop)
		_, err := holder.Await(t.Context())
		require.NoError(t, err)
	})
}
