package gil_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// A scheduler that New has not made says so at every call.
func TestAZeroSchedulerPanics(t *testing.T) {
	bare := quartet.TaskFunc(func(context.Context) {})
	for _, s := range []*gil.Scheduler{nil, {}} {
		for name, call := range map[string]func(){
			"SubmitTask": func() { _ = s.SubmitTask(t.Context(), bare) },
			"Name":       func() { _ = s.Name() },
			"Stats":      func() { s.Stats() },
			"Report":     func() { s.Report() },
			"Tasks":      func() { s.Tasks(true, 1) },
			"Shutdown":   func() { _ = s.Shutdown(t.Context()) },
			"Close":      func() { _ = s.Close() },
		} {
			require.PanicsWithValue(t, "gil: a Scheduler that New has not made", call, name)
		}
	}
	var none context.Context
	s := gil.New(gil.Config{})
	require.PanicsWithValue(t, "gil: SubmitTask with a nil Context", func() { _ = s.SubmitTask(none, bare) })
	require.PanicsWithValue(t, "gil: Shutdown with a nil Context", func() { _ = s.Shutdown(none) })
	require.NoError(t, s.Close())
}
