package procpool_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// measure ends its worker at a bad document.
var measure = quartet.Define("measure", func(_ context.Context, document string) (int, error) {
	if document == "bad" {
		os.Exit(3)
	}
	return len(document), nil
})

// Bad documents cost themselves, wherever they lie, and however many follow each other.
func TestBadDocumentsCostThemselves(t *testing.T) {
	for _, first := range []int{0, 150} {
		p := newPool(t, procpool.Config{Workers: 4, OnOutput: func(procpool.Line) {}})
		documents := slices.Repeat([]string{"good"}, 300)
		for i := range 6 {
			documents[first+i] = "bad"
		}
		i := 0
		for n, err := range measure.Map(bounded(t), p, slices.Values(documents)) {
			var lost *procpool.WorkerLostError
			if documents[i] == "bad" {
				require.ErrorAs(t, err, &lost)
			} else {
				require.NoError(t, err)
				require.Equal(t, 4, n)
			}
			i++
		}
		require.Equal(t, 300, i)
	}
}

// A caller who sends one crashing input after the other refuses nobody.
func TestACallThatAlwaysCrashesRefusesNobody(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: func(procpool.Line) {}})
	for range 40 { // more than the burst of starts
		_, err := measure.Do(bounded(t), p, "bad")
		var lost *procpool.WorkerLostError
		require.ErrorAs(t, err, &lost)
	}
	n, err := measure.Do(bounded(t), p, "good")
	require.NoError(t, err)
	require.Equal(t, 4, n)
}

// Workers that end as Config asks are replaced at once.
func TestMaxTasksOneIsNotHeldBack(t *testing.T) {
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 2, MaxTasks: 1})
	for range 50 { // more than the burst of starts
		_, err := double.Do(bounded(t), p, 1)
		require.NoError(t, err)
	}
	require.Zero(t, p.Deaths())
}

// When workers do not come up, calls are refused; a later one tries again, and one hello closes the
// breaker.
func TestBreakerClosesAgain(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	require.NoError(t, err)
	repaired := filepath.Join(t.TempDir(), "repaired")
	p := newPool(t, procpool.Config{
		Workers: 1, OnOutput: func(procpool.Line) {}, Env: append(os.Environ(), envFake+"=good"),
		Command: []string{"sh", "-c", `[ -e "$1" ] || exit 7; exec "$0"`, exe, repaired},
	})
	_, err = double.Do(bounded(t), p, 21)
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorContains(t, err, "exit code 7")
	require.NoError(t, os.WriteFile(repaired, nil, 0o600))
	require.Eventually(t, func() bool {
		_, err := double.Do(bounded(t), p, 21)
		return err == nil
	}, time.Minute, 10*time.Millisecond)
}
