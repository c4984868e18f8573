package task_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/task"
)

type told struct{ ends []<-chan struct{} }

func (w *told) ContextEnded(done <-chan struct{}) { w.ends = append(w.ends, done) }

func TestEndWatchTellsOfTheLastContextOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var watch task.EndWatch
		var w told
		require.True(t, watch.Off(), "nothing is watched")
		first, endFirst := context.WithCancel(t.Context())
		second, endSecond := context.WithCancel(t.Context())
		watch.On(first, &w)
		watch.On(second, &w)
		watch.On(second, &w)
		watch.On(context.Background(), &w)
		endFirst()
		synctest.Wait()
		require.Empty(t, w.ends, "another has taken its place")
		endSecond()
		synctest.Wait()
		require.Equal(t, []<-chan struct{}{second.Done()}, w.ends)
		require.False(t, watch.Off(), "it has ended")
		require.True(t, watch.Off())

		third, endThird := context.WithCancel(t.Context())
		watch.On(third, &w)
		require.True(t, watch.Off())
		endThird()
		synctest.Wait()
		require.Len(t, w.ends, 1)
	})
}
