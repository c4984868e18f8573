package workerpool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// A foreign goroutine that calls with a task's context uses the task's slot, also when the task
// ends before the call does: the slot comes back once.
func TestForeignCallOutlivesItsTask(t *testing.T) {
	for _, watched := range []bool{false, true} { // calls begin without the lock, or under it
		p := workerpool.New(workerpool.Config{Workers: 1})
		if watched {
			defer p.Watch(&quartet.Timeline{})()
		}
		began, goOn, over := make(chan struct{}), make(chan struct{}), make(chan error)
		_, err := quartet.Go(t.Context(), p, func(ctx context.Context) (int, error) {
			go func() {
				over <- quartet.Run(ctx, p, func(context.Context) error {
					close(began)
					<-goOn
					return nil
				})
			}()
			<-began
			return 1, nil
		}).Await(t.Context())
		require.NoError(t, err)
		close(goOn)
		require.NoError(t, <-over)
		for range 3 {
			require.NoError(t, quartet.Run(t.Context(), p, func(context.Context) error { return nil }))
		}
		require.NoError(t, p.Shutdown(t.Context()))
		s := p.Stats()
		require.Zero(t, s.Running)
		require.Zero(t, s.Waiting)
		require.Equal(t, s.Submitted, s.Done)
	}
}
