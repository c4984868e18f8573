package quartet_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// A useless argument panics at the call, and the panic names it.
func TestNonsenseIsRefusedAtTheCall(t *testing.T) {
	var (
		none   context.Context
		ctx    = t.Context()
		inline = quartet.Inline()
		one    = func(context.Context, int) (int, error) { return 1, nil }
		few    = iter.Seq[int](func(func(int) bool) {})
		zero   = new(quartet.Future[int])
		thunk  = func(context.Context) (int, error) { return 1, nil }
		nop    = func(context.Context) error { return nil }
		future = quartet.Go(ctx, inline, func(context.Context) (int, error) { return 1, nil })
	)
	for want, call := range map[string]func(){
		"quartet: Map with a nil Context": func() {
			quartet.Map(none, inline, few, one)
		},
		"quartet: Map on a nil Executor": func() {
			quartet.Map(ctx, nil, few, one)
		},
		"quartet: Map over a nil sequence": func() {
			quartet.Map(ctx, inline, nil, one)
		},
		"quartet: Map of a nil func": func() {
			quartet.Map[int, int](ctx, inline, few, nil)
		},
		"quartet: NewGroup with a nil Context": func() {
			quartet.NewGroup(none, inline)
		},
		"quartet: NewGroup on a nil Executor": func() { quartet.NewGroup(ctx, nil) },
		"quartet: a Group that NewGroup has not made": func() {
			new(quartet.Group).Go(func(context.Context) error { return nil })
		},
		"quartet: a Group that NewGroup has not made ": func() {
			_ = new(quartet.Group).Wait(ctx)
		},
		"quartet: a Group that NewGroup has not made  ": func() {
			quartet.GroupGo(new(quartet.Group), leaves, 0)
		},
		"quartet: AwaitAll of a nil Future, number 2 of 2": func() {
			_, _ = quartet.AwaitAll(ctx, future, nil)
		},
		"quartet: Completed of a nil Future, number 1 of 1": func() {
			quartet.Completed[int](ctx, nil)
		},
		"quartet: a nil Context":  func() { quartet.Yield(none) },
		"quartet: a nil Context ": func() { _ = quartet.Sleep(none, 1) },
		"quartet: a nil Context  ": func() {
			_ = quartet.Lend(none, func() {})
		},
		"quartet: Detach of a nil Context":             func() { quartet.Detach(none) },
		"quartet: WithModel of a nil Context or Model": func() { quartet.WithModel(ctx, nil) },
		"quartet: WithCurrent of a nil Context or Executor": func() {
			quartet.WithCurrent(ctx, nil)
		},
		"quartet: Serialized of a nil Executor": func() { quartet.Serialized(nil) },
		"quartet: Block of a nil func":          func() { _ = quartet.Block(ctx, nil) },
		"quartet: Lend of a nil func":           func() { _ = quartet.Lend(ctx, nil) },
		"quartet: Run of a nil func": func() {
			_ = quartet.Run(ctx, inline, nil)
		},
		"quartet: Suspend of a nil func": func() {
			_ = quartet.Suspend(ctx, nil)
		},
		"quartet: Go of a nil func": func() {
			quartet.Go[int](ctx, inline, nil)
		},
		"quartet: Future.OnDone of a nil func": func() { future.OnDone(nil) },
		"quartet: Go with a nil Context": func() {
			quartet.Go(none, inline, thunk)
		},
		"quartet: Go with a nil Context ": func() { leaves.Go(none, inline, 1) },
		"quartet: Go on a nil Executor":   func() { quartet.Go(ctx, nil, thunk) },
		"quartet: Go on a nil Executor ":  func() { leaves.Go(ctx, nil, 1) },
		"quartet: Do with a nil Context": func() {
			_, _ = quartet.Do(none, inline, thunk)
		},
		"quartet: Do with a nil Context ": func() {
			_, _ = leaves.Do(none, inline, 1)
		},
		"quartet: Do on a nil Executor": func() {
			_, _ = quartet.Do(ctx, nil, thunk)
		},
		"quartet: Do on a nil Executor ": func() {
			_, _ = leaves.Do(ctx, nil, 1)
		},
		"quartet: Run with a nil Context": func() {
			_ = quartet.Run(none, inline, nop)
		},
		"quartet: Run on a nil Executor": func() {
			_ = quartet.Run(ctx, nil, nop)
		},
		"quartet: Map on a nil Executor ": func() { leaves.Map(ctx, nil, few) },
		"quartet: Map over a nil sequence ": func() {
			leaves.Map(ctx, inline, nil)
		},
		"quartet: Group.Wait with a nil Context": func() {
			_ = quartet.NewGroup(ctx, inline).Wait(none)
		},
		"quartet: AwaitAll with a nil Context": func() {
			_, _ = quartet.AwaitAll(none, future)
		},
		"quartet: Completed with a nil Context": func() {
			quartet.Completed(none, future)
		},
		"quartet: Stop with a nil Context": func() { _ = quartet.Stop(none) },
		"quartet: SubmitTask with a nil Context": func() {
			_ = inline.SubmitTask(none, quartet.TaskFunc(func(context.Context) {}))
		},
		"quartet: Shutdown with a nil Context":     func() { _ = inline.Shutdown(none) },
		"quartet: Future.Await with a nil Context": func() { _, _ = future.Await(none) },
		"quartet: AwaitAll of a Future that no submit has made, number 1 of 1": func() {
			_, _ = quartet.AwaitAll(ctx, zero)
		},
		"quartet: Completed of a Future that no submit has made, number 1 of 1": func() {
			quartet.Completed(ctx, zero)
		},
		"quartet: Go of a Func that neither Define nor Declare has made": func() {
			new(quartet.Func[int, int]).Go(ctx, inline, 1)
		},
		"quartet: Do of a Func that neither Define nor Declare has made": func() {
			_, _ = (*quartet.Func[int, int])(nil).Do(ctx, inline, 1)
		},
		"quartet: Map of a Func that neither Define nor Declare has made": func() {
			new(quartet.Func[int, int]).Map(ctx, inline, few)
		},
		"quartet: GroupGo of a Func that neither Define nor Declare has made": func() {
			quartet.GroupGo[int, int](quartet.NewGroup(ctx, inline), nil, 1)
		},
	} {
		require.PanicsWithValue(t, trimmed(want), call)
	}
}

// A Future that no submit has made would be awaited for ever.
func TestAFutureThatNoSubmitHasMadePanics(t *testing.T) {
	for _, f := range []*quartet.Future[int]{nil, {}} {
		for name, call := range map[string]func(){
			"Await":  func() { _, _ = f.Await(t.Context()) },
			"Done":   func() { f.Done() },
			"Result": func() { _, _ = f.Result() },
			"OnDone": func() { f.OnDone(func() {}) },
			"Cancel": func() { f.Cancel(nil) },
		} {
			require.PanicsWithValue(t, "quartet: Future."+name+" of a Future that no submit has made", call)
		}
	}
}

// trimmed makes the keys of a table, which must differ, one message.
func trimmed(s string) string {
	for s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}
