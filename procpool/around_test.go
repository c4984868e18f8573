package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// seen returns what the worker's Around has put into the context.
var seen = quartet.Define("procpool_test.seen", func(ctx context.Context, _ int) (string, error) {
	text, _ := ctx.Value(aroundKey{}).(string)
	return text, nil
})

type aroundKey struct{}

var errUnlucky = errors.New("procpool_test: unlucky")

func init() {
	procpool.WorkerAround(func(ctx context.Context, info quartet.Info, run func(context.Context) error) error {
		switch info.Label {
		case "refused":
			return fmt.Errorf("%w: %s", errUnlucky, info.Func)
		case "forgotten":
			return nil
		case "twice":
			_ = run(ctx)
		}
		return run(context.WithValue(ctx, aroundKey{},
			fmt.Sprintf("%s %s %s %t", info.Executor, info.Func, info.Label, info.Task > 0)))
	})
	procpool.RegisterError("procpool_test.unlucky", errUnlucky)
}

func TestWorkerAround(t *testing.T) {
	pool, err := procpool.New(procpool.Config{Name: "render", Workers: 1})
	require.NoError(t, err)
	defer pool.Close()
	do := func(label string) (string, error) { return seen.Do(quartet.Label(t.Context(), label), pool, 0) }

	text, err := do("page 7")
	require.NoError(t, err)
	require.Equal(t, "render procpool_test.seen page 7 true", text)
	_, err = do("refused")
	require.ErrorIs(t, err, errUnlucky)
	require.ErrorContains(t, err, "procpool_test.seen")
	_, err = do("forgotten")
	require.EqualError(t, err, "procpool: Around has not called run, and has returned no error")
	_, err = do("twice")
	require.ErrorAs(t, err, new(*quartet.PanicError))
	require.EqualValues(t, 3, pool.Stats().Failed)
	require.Panics(t, func() {
		procpool.WorkerAround(func(_ context.Context, _ quartet.Info, run func(context.Context) error) error {
			return run(t.Context())
		})
	})
}
