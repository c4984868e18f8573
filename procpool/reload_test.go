package procpool_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/procpool"
)

var scriptVersion = quartet.Declare[int, int]("version")

func writeVersion(t *testing.T, path string, version int) {
	t.Helper()
	text := fmt.Sprintf("import quartet_worker\n@quartet_worker.function('version')\ndef version(_):\n    return %d\n",
		version)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// While a script is reloaded again and again under load, no call fails, and no answer of the old
// version comes after Reload.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	if err := exec.Command("python3", "-c", "").Run(); err != nil {
		t.Skip("no python3: ", err)
	}
	rounds, every := 2, time.Duration(0)
	if executortest.Long() {
		rounds, every = 60, time.Second
	}
	path := filepath.Join(t.TempDir(), "script.py")
	writeVersion(t, path, 0)
	cfg := procpool.Python(path)
	cfg.Workers = 2
	p := newPool(t, cfg)
	require.NoError(t, p.Ready(bounded(t)))
	var reloaded, calls atomic.Int64
	var callers sync.WaitGroup
	stop := make(chan struct{})
	for range 16 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				least := reloaded.Load()
				v, err := scriptVersion.Do(t.Context(), p, 0)
				if err != nil || int64(v) < least {
					t.Errorf("version %d after %d was loaded, error %v", v, least, err)
					return
				}
				calls.Add(1)
			}
		})
	}
	for round := 1; round <= rounds; round++ {
		begin := time.Now()
		writeVersion(t, path, round)
		require.NoError(t, p.Reload(bounded(t)))
		reloaded.Store(int64(round))
		time.Sleep(every - time.Since(begin))
	}
	close(stop)
	callers.Wait()
	t.Logf("%d calls during %d reloads", calls.Load(), rounds)
	require.Zero(t, p.Stats().Failed)
	require.NoError(t, p.Shutdown(bounded(t)))
}

// A new version that does not come up changes nothing.
func TestReloadOfABrokenScript(t *testing.T) {
	t.Parallel()
	if err := exec.Command("python3", "-c", "").Run(); err != nil {
		t.Skip("no python3: ", err)
	}
	path := filepath.Join(t.TempDir(), "script.py")
	writeVersion(t, path, 1)
	cfg := procpool.Python(path)
	cfg.Workers, cfg.OnOutput = 1, func(procpool.Line) {}
	p := newPool(t, cfg)
	_, err := scriptVersion.Do(bounded(t), p, 0)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("import no_such_module\n"), 0o600))
	require.ErrorContains(t, p.Reload(bounded(t)), "no_such_module")
	require.True(t, p.Kill(0, os.Kill)) // what replaces it is of the version that works
	require.Eventually(t, func() bool { return p.Restarts()["crashed"] == 1 }, time.Minute, time.Millisecond)
	v, err := scriptVersion.Do(bounded(t), p, 0)
	require.NoError(t, err)
	require.Equal(t, 1, v)
	writeVersion(t, path, 2)
	require.NoError(t, p.Reload(bounded(t)))
	v, err = scriptVersion.Do(bounded(t), p, 0)
	require.NoError(t, err)
	require.Equal(t, 2, v)
}

// Reload waits for the calls that run in the old version, and the new one works meanwhile.
func TestReloadWaitsForCalls(t *testing.T) {
	leavesNothing(t)
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook})
	f := untilCancelled.Go(bounded(t), p, none{})
	require.Equal(t, "started", next(t))
	reloaded := make(chan error, 1)
	go func() { reloaded <- p.Reload(bounded(t)) }()
	require.Eventually(t, func() bool { return len(p.Workers()) == 2 }, time.Minute, time.Millisecond)
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err)
	require.Equal(t, 42, v)
	require.Empty(t, reloaded)
	f.Cancel(errKnown)
	require.NoError(t, <-reloaded)
	_, err = f.Await(bounded(t))
	require.ErrorIs(t, err, errKnown)
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Reload(bounded(t)), quartet.ErrClosed)
}
