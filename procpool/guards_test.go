package procpool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// A pool that New has not made says so at every call.
func TestAZeroPoolPanics(t *testing.T) {
	for _, p := range []*procpool.Pool{nil, {}} {
		for name, call := range map[string]func(){
			"SubmitCall":   func() { _, _ = double.Do(t.Context(), p, 1) },
			"Ahead":        func() { p.Ahead() },
			"Name":         func() { _ = p.Name() },
			"Stats":        func() { p.Stats() },
			"Shutdown":     func() { _ = p.Shutdown(t.Context()) },
			"Close":        func() { _ = p.Close() },
			"Ready":        func() { _ = p.Ready(t.Context()) },
			"Reload":       func() { _ = p.Reload(t.Context()) },
			"Resize":       func() { p.Resize(1) },
			"ExpectedWait": func() { p.ExpectedWait() },
			"Workers":      func() { p.Workers() },
			"Restarts":     func() { p.Restarts() },
			"Watch":        func() { p.Watch(&quartet.Timeline{}) },
			"Tasks":        func() { p.Tasks(true, 1) },
			"Key":          func() { p.Key("a") },
			"Priority":     func() { p.Priority(procpool.High) },
		} {
			require.PanicsWithValue(t, "procpool: a Pool that New has not made", call, name)
		}
	}
	var none context.Context
	p, err := procpool.New(procpool.Config{Workers: 1})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.PanicsWithValue(t, "quartet: Do with a nil Context", func() { _, _ = double.Do(none, p, 1) })
	require.NoError(t, p.Close())
}
