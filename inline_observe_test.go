package quartet_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// watchable is what inspect finds an executor's observers by.
type watchable interface {
	Watch(o quartet.Observer) (stop func())
}

// oneByOne are the events of one goroutine, in their order.
type oneByOne []quartet.Event

func (s *oneByOne) Observe(e quartet.Event) { *s = append(*s, e) }

// While somebody looks, an Inline tells of its tasks. A nested task has a lane of its own. The task
// around it waits with it: both are on one goroutine.
func TestInlineIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := quartet.Inline()
		w, ok := quartet.As[watchable](x)
		require.True(t, ok)
		var seen oneByOne
		stop := w.Watch(&seen)
		err := quartet.Run(quartet.Label(t.Context(), "outer"), x, func(ctx context.Context) error {
			time.Sleep(time.Millisecond)
			_ = quartet.Run(quartet.Label(ctx, "inner"), x, func(ctx context.Context) error {
				_ = quartet.Sleep(ctx, time.Millisecond)
				return errors.New("bad")
			})
			time.Sleep(time.Millisecond)
			return nil
		})
		require.NoError(t, err)
		stop()
		require.NoError(t, quartet.Run(t.Context(), x, func(context.Context) error { return nil }))
		var b strings.Builder
		for _, e := range seen {
			require.Equal(t, "inline", e.Executor)
			fmt.Fprintln(&b, e.Task, e.Label, "lane", e.Lane, e.Kind, e.Failed)
		}
		require.Equal(t, `1 outer lane 0 queued false
1 outer lane 0 started false
2 inner lane 1 queued false
2 inner lane 1 started false
2 inner lane 1 suspended false
1 outer lane 0 suspended false
1 outer lane 0 resumed false
2 inner lane 1 resumed false
2 inner lane 1 ended true
1 outer lane 0 ended false
`, b.String())
		require.Panics(t, func() { w.Watch(nil) })
	})
}

// A lane is free again when its task has ended, also for those who look later.
func TestInlineReusesLanes(t *testing.T) {
	x := quartet.Inline()
	w, _ := quartet.As[watchable](x)
	for range 3 {
		var seen quartet.Timeline
		stop := w.Watch(&seen)
		require.NoError(t, quartet.Run(t.Context(), x, func(context.Context) error { return nil }))
		for _, e := range seen.Events() {
			require.Zero(t, e.Lane)
		}
		require.Len(t, seen.Events(), 3)
		stop()
	}
}
