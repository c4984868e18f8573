package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

func TestEveryModelGivesTheSame(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out, fan, time.Minute))
	require.Equal(t, 6, strings.Count(out.String(), "1024 leaves"), out.String())
}

// unnamed is fan after the change that the ladder proposes: it receives from Done.
var unnamed = quartet.Declare[int, int]("quickstart.unnamed")

func init() {
	unnamed.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		here, _ := quartet.Current(ctx)
		left, right := unnamed.Go(ctx, here, depth-1), unnamed.Go(ctx, here, depth-1)
		for _, f := range []*quartet.Future[int]{left, right} {
			select {
			case <-f.Done():
			case <-ctx.Done(): // so that this test leaves nothing behind
				return 0, context.Cause(ctx)
			}
		}
		leaves, err := quartet.AwaitAll(ctx, left, right)
		if err != nil {
			return 0, err
		}
		return leaves[0] + leaves[1], nil
	})
}

// A wait that the function does not name stops every model that has one of something, and the
// program says so.
func TestAWaitWithoutAName(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out, unnamed, 300*time.Millisecond))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 6)
	require.Contains(t, lines[0], "1024 leaves", "inline has done them before it waits")
	for _, line := range lines[1:3] {
		require.Regexp(t, `given up after [0-9.]+m?s: .*does not name`, line)
	}
}
