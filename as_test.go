package quartet_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// Each wraps what its Unwrap says.
type (
	wrapsExecutor struct{ quartet.Executor }
	wrapsRunner   struct{ quartet.Runner }
	wrapsTask     struct{ quartet.Task }
	wrapsCall     struct{ quartet.Call }
	wrapsObserver struct{ quartet.Observer }
	wrapsAny      struct{ inside any }
)

func (w wrapsExecutor) Unwrap() quartet.Executor { return w.Executor }
func (w wrapsRunner) Unwrap() quartet.Runner     { return w.Runner }
func (w wrapsTask) Unwrap() quartet.Task         { return w.Task }
func (w wrapsCall) Unwrap() quartet.Call         { return w.Call }
func (w wrapsObserver) Unwrap() quartet.Observer { return w.Observer }
func (w wrapsAny) Unwrap() any                   { return w.inside }

// marked is a Call, and so a Task, with something to find.
type marked struct{ quartet.TaskFunc }

func (marked) Name() string                                            { return "marked" }
func (marked) AppendInput(dst []byte, _ quartet.Codec) ([]byte, error) { return dst, nil }
func (marked) Resolve([]byte, quartet.Codec, error)                    {}
func (marked) Idempotent() bool                                        { return true }

func TestAsLooksThroughEachKindOfWrapper(t *testing.T) {
	type idempotent = interface{ Idempotent() bool }
	type remarks = interface{ Remark(quartet.Remark) }
	for _, x := range []any{
		marked{},
		wrapsTask{marked{}},
		wrapsCall{marked{}},
		wrapsTask{wrapsCall{marked{}}},
		wrapsAny{wrapsCall{marked{}}},
	} {
		found, ok := quartet.As[idempotent](x)
		require.True(t, ok, "%T", x)
		require.True(t, found.Idempotent())
	}
	line := new(quartet.Timeline)
	found, ok := quartet.As[remarks](wrapsObserver{wrapsObserver{line}})
	require.True(t, ok)
	require.Same(t, line, found)
	inline := quartet.Inline()
	defer inline.Close()
	for _, x := range []any{
		wrapsExecutor{wrapsRunner{inline}},
		wrapsRunner{wrapsRunner{inline}},
		quartet.Serialized(wrapsExecutor{inline}),
	} {
		_, ok := quartet.As[interface{ Stats() quartet.Stats }](x)
		require.True(t, ok, "%T", x)
	}
}

func TestAsFindsNothing(t *testing.T) {
	for _, x := range []any{nil, 1, quartet.TaskFunc(func(context.Context) {}), wrapsTask{}, wrapsAny{}} {
		_, ok := quartet.As[interface{ Ahead() int }](x)
		require.False(t, ok, "%T", x)
	}
}

// The outermost one that offers it is asked.
func TestAsTakesTheFirst(t *testing.T) {
	found, ok := quartet.As[wrapsTask](wrapsCall{marked{}})
	require.False(t, ok, "%v", found)
	outer := wrapsTask{wrapsTask{marked{}}}
	found, ok = quartet.As[wrapsTask](outer)
	require.True(t, ok)
	require.IsType(t, wrapsTask{}, found.Task)
}
