package eventloop_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// A loop that New has not made says so at every call.
func TestAZeroLoopPanics(t *testing.T) {
	for _, l := range []*eventloop.Loop{nil, {}} {
		for name, call := range map[string]func(){
			"SubmitTask": func() { _ = l.SubmitTask(t.Context(), quartet.TaskFunc(func(context.Context) {})) },
			"Go":         func() { _ = l.Go(func(context.Context) {}) },
			"Post":       func() { _ = l.Post(func() {}) },
			"PostBatch":  func() { _ = l.PostBatch(func() {}) },
			"NextTick":   func() { l.NextTick(func() {}) },
			"Microtask":  func() { l.Microtask(func() {}) },
			"Immediate":  func() { l.Immediate(func() {}) },
			"AfterFunc":  func() { l.AfterFunc(1, func() {}) },
			"Every":      func() { l.Every(1, func() {}) },
			"KeepAlive":  func() { l.KeepAlive("x") },
			"Run":        func() { _ = l.Run(t.Context()) },
			"Start":      func() { l.Start() },
			"Stop":       func() { l.Stop() },
			"Shutdown":   func() { _ = l.Shutdown(t.Context()) },
			"Close":      func() { _ = l.Close() },
			"Stats":      func() { l.Stats() },
			"Health":     func() { l.Health() },
			"Serve":      func() { _, _ = l.Serve(nil, nil) },
			"Dial":       func() { l.Dial(t.Context(), "tcp", "") },
			"Attach":     func() { _, _ = l.Attach(nil) },
			"Offload":    func() { l.Offload(quartet.Inline()) },
			"Feed":       func() { eventloop.Feed(l, make(chan int), func(int) {}) },
			"Then":       func() { eventloop.Then(l, new(quartet.Future[int]), func(int, error) {}) },
		} {
			require.PanicsWithValue(t, "eventloop: a Loop that New has not made", call, name)
		}
	}
}

func TestANilContextPanics(t *testing.T) {
	var none context.Context
	l := eventloop.New(eventloop.Config{})
	bare := quartet.TaskFunc(func(context.Context) {})
	require.PanicsWithValue(t, "eventloop: SubmitTask with a nil Context", func() { _ = l.SubmitTask(none, bare) })
	require.PanicsWithValue(t, "eventloop: SubmitTask with a nil Context",
		func() { _ = l.OffloadRunner(quartet.Inline()).SubmitTask(none, bare) })
	require.PanicsWithValue(t, "eventloop: Run with a nil Context", func() { _ = l.Run(none) })
	require.PanicsWithValue(t, "eventloop: Shutdown with a nil Context", func() { _ = l.Shutdown(none) })
	require.NoError(t, l.Close())
}
