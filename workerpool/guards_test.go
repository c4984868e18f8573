package workerpool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// A pool that New has not made has no limit, no queue and no workers: it says so at every call.
func TestAZeroPoolPanics(t *testing.T) {
	bare := quartet.TaskFunc(func(context.Context) {})
	for _, p := range []*workerpool.Pool{nil, {}} {
		for name, call := range map[string]func(){
			"SubmitTask": func() { _ = p.SubmitTask(t.Context(), bare) },
			"SubmitCall": func() {
				_, _ = quartet.Do(t.Context(), p, func(context.Context) (int, error) { return 1, nil })
			},
			"Go":           func() { _ = p.Go(func() {}) },
			"TryGo":        func() { p.TryGo(func() {}) },
			"Key":          func() { p.Key(1) },
			"Limit":        func() { p.Limit(1) },
			"Priority":     func() { p.Priority(workerpool.High) },
			"Resize":       func() { p.Resize(1) },
			"ExpectedWait": func() { p.ExpectedWait() },
			"Stats":        func() { p.Stats() },
			"Name":         func() { _ = p.Name() },
			"Shutdown":     func() { _ = p.Shutdown(t.Context()) },
			"Close":        func() { _ = p.Close() },
		} {
			require.PanicsWithValue(t, "workerpool: a Pool that New has not made", call, name)
		}
	}
	for _, v := range []*workerpool.View{nil, {}} {
		require.PanicsWithValue(t, "workerpool: a View that no Pool has made", func() {
			_ = v.SubmitTask(t.Context(), bare)
		})
		require.PanicsWithValue(t, "workerpool: a View that no Pool has made", func() { v.Stats() })
	}
	require.PanicsWithValue(t, "workerpool: a View that no Pool has made", func() { new(workerpool.Limited).Key(1) })
}

func TestANilContextPanics(t *testing.T) {
	var none context.Context
	p := workerpool.New(workerpool.Config{})
	bare := quartet.TaskFunc(func(context.Context) {})
	require.PanicsWithValue(t, "workerpool: SubmitTask with a nil Context", func() { _ = p.SubmitTask(none, bare) })
	require.PanicsWithValue(t, "workerpool: SubmitTask with a nil Context", func() {
		_ = p.Key(1).SubmitTask(none, bare)
	})
	require.PanicsWithValue(t, "workerpool: Shutdown with a nil Context", func() { _ = p.Shutdown(none) })
	require.NoError(t, p.Close(), "no lock is left behind")
}
