package executortest_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// traced is a wrapper as users write it: it wraps the calls too.
type traced struct{ quartet.Executor }

func (t traced) Unwrap() quartet.Executor { return t.Executor }

func (t traced) SubmitCall(ctx context.Context, c quartet.Call) error {
	return t.Executor.SubmitCall(quartet.WithCurrent(ctx, t), tracedCall{c})
}

type tracedCall struct{ quartet.Call }

func (c tracedCall) Unwrap() quartet.Call { return c.Call }

// bottom is the executor under all layers: it has every optional method, and notes which methods of
// a call it finds.
type bottom struct {
	quartet.Runner
	found *[]string
}

func (b bottom) Stats() quartet.Stats { return quartet.Stats{Submitted: 42} }
func (b bottom) Ahead() int           { return 42 }
func (b bottom) Name() string         { return "bottom" }

func (b bottom) SubmitCall(ctx context.Context, c quartet.Call) error {
	if i, ok := quartet.As[interface{ Idempotent() bool }](c); ok && i.Idempotent() {
		*b.found = append(*b.found, "Idempotent")
	}
	return b.Runner.SubmitCall(ctx, c)
}

var repeatable = quartet.Define("executortest_test.repeatable", func(_ context.Context, n int) (int, error) {
	if n < 0 {
		return 0, os.ErrInvalid
	}
	return n, nil
}, quartet.Idempotent())

// Through two layers of wrappers, each over each, every optional method finds the bottom.
func TestOptionalMethodsThroughTwoLayers(t *testing.T) {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	defer loop.Close()
	layers := []struct {
		name string
		wrap func(quartet.Executor) quartet.Executor
	}{
		{"Serialized", quartet.Serialized},
		{"Offload", func(ex quartet.Executor) quartet.Executor { return loop.Offload(ex) }},
		{"a user's", func(ex quartet.Executor) quartet.Executor { return traced{ex} }},
	}
	table := []string{fmt.Sprintf("%-24s %-6s %-6s %-7s %-11s %s", "layers", "Stats", "Ahead", "Name", "Idempotent",
		"a failed call")}
	for _, outer := range layers {
		for _, inner := range layers {
			pool := workerpool.New(workerpool.Config{Workers: 1})
			var found []string
			ex := outer.wrap(inner.wrap(bottom{pool, &found}))

			stats, ok := quartet.As[interface{ Stats() quartet.Stats }](ex)
			require.True(t, ok)
			ahead, ok := quartet.As[interface{ Ahead() int }](ex)
			require.True(t, ok)
			named, ok := quartet.As[interface{ Name() string }](ex)
			require.True(t, ok)
			_, err := repeatable.Go(t.Context(), ex, -1).Await(t.Context())
			require.ErrorIs(t, err, os.ErrInvalid)
			require.NoError(t, pool.Shutdown(t.Context()))
			counts := "is done"
			if s := pool.Stats(); s.Failed == 1 && s.Done == 0 {
				counts = "has failed"
			}
			table = append(table, fmt.Sprintf("%-24s %-6d %-6d %-7s %-11s %s", outer.name+" over "+inner.name,
				stats.Stats().Submitted, ahead.Ahead(), named.Name(), strings.Join(found, " "), counts))
		}
	}
	want := []string{
		"layers                   Stats  Ahead  Name    Idempotent  a failed call",
		"Serialized over Serialized 42     42     bottom  Idempotent  has failed",
		"Serialized over Offload  42     42     bottom  Idempotent  has failed",
		"Serialized over a user's 42     42     bottom  Idempotent  has failed",
		"Offload over Serialized  42     42     bottom  Idempotent  has failed",
		"Offload over Offload     42     42     bottom  Idempotent  has failed",
		"Offload over a user's    42     42     bottom  Idempotent  has failed",
		"a user's over Serialized 42     42     bottom  Idempotent  has failed",
		"a user's over Offload    42     42     bottom  Idempotent  has failed",
		"a user's over a user's   42     42     bottom  Idempotent  has failed",
	}
	require.Equal(t, strings.Join(want, "\n"), strings.Join(table, "\n"))
}

// Views are the innermost layer: they have the pool's numbers, its name, and its window.
func TestOptionalMethodsOfViews(t *testing.T) {
	pool := workerpool.New(workerpool.Config{Name: "threads"})
	defer pool.Close()
	processes, err := procpool.New(procpool.Config{Name: "processes", Workers: 3})
	require.NoError(t, err)
	defer processes.Close()
	for name, views := range map[string][]quartet.Executor{
		"threads":   {pool.Priority(workerpool.High), pool.Key(1), pool.Limit(2), pool.Limit(2).Key(1)},
		"processes": {processes.Priority(procpool.High), processes.Key(1)},
	} {
		for _, view := range views {
			for _, ex := range []quartet.Executor{view, quartet.Serialized(view), traced{traced{view}}} {
				named, ok := quartet.As[interface{ Name() string }](ex)
				require.True(t, ok, "%T", ex)
				require.Equal(t, name, named.Name())
				_, ok = quartet.As[interface{ Stats() quartet.Stats }](ex)
				require.True(t, ok, "%T", ex)
				_, ok = quartet.As[interface{ Ahead() int }](ex)
				require.Equal(t, name == "processes", ok, "%T", ex)
			}
		}
	}
	_, err = repeatable.Do(t.Context(), pool.Key(1), 1)
	require.NoError(t, err)
	require.EqualValues(t, 1, pool.Limit(1).Stats().Submitted)
}

// An observer that wraps a Timeline hands remarks on to it.
func TestRemarksThroughTwoLayers(t *testing.T) {
	line := new(quartet.Timeline)
	remarks, ok := quartet.As[interface{ Remark(quartet.Remark) }](counted{counted{line}})
	require.True(t, ok)
	remarks.Remark(quartet.Remark{Text: "a convoy"})
	require.True(t, slices.ContainsFunc(line.Remarks(), func(r quartet.Remark) bool { return r.Text == "a convoy" }))
}

type counted struct{ quartet.Observer }

func (c counted) Unwrap() quartet.Observer { return c.Observer }
