package procpool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/procpool"
)

// leavesNothing checks, when the test and its pools have ended, that no descriptor and no child is
// left. It is not for parallel tests: the test around them calls it, or else TestMain checks when
// all have ended.
func leavesNothing(t *testing.T) {
	fds := descriptors()
	t.Cleanup(func() {
		require.Equal(t, fds, descriptors(), "descriptors")
		require.Empty(t, children(), "children, zombies among them")
	})
}

// Each kind of death, alone and among many: only calls that had started there fail, and the pool
// goes on.
func TestKillMatrix(t *testing.T) {
	leavesNothing(t)
	for _, how := range []string{"panic", "exit", "goexit", "SIGKILL", "SIGSEGV", "overflow"} {
		for _, inFlight := range []int{1, 64} {
			t.Run(how, func(t *testing.T) {
				t.Parallel()
				p := newPool(t, procpool.Config{Workers: 1, OnOutput: func(procpool.Line) {}})
				var fs []*quartet.Future[int]
				for i := range inFlight - 1 {
					fs = append(fs, double.Go(bounded(t), p, i))
				}
				victim := die.Go(bounded(t), p, how)
				for i := range inFlight - 1 {
					fs = append(fs, double.Go(bounded(t), p, i))
				}
				_, err := victim.Await(bounded(t))
				checkDeath(t, how, err)
				_, err = quartet.AwaitAll(bounded(t), fs...)
				require.NoError(t, err)
				v, err := double.Do(bounded(t), p, 21)
				require.NoError(t, err)
				require.Equal(t, 42, v)
				require.NoError(t, p.Shutdown(bounded(t)))
				s := p.Stats()
				require.Equal(t, uint64(2*inFlight), s.Submitted)
				require.Equal(t, uint64(1), s.Failed)
			})
		}
	}
}

func checkDeath(t *testing.T, how string, err error) {
	t.Helper()
	var lost *procpool.WorkerLostError
	if how == "panic" || how == "goexit" {
		require.False(t, errors.As(err, &lost), "nothing is lost by a %s: %v", how, err)
		require.Error(t, err)
		return
	}
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "die", lost.Func)
	require.True(t, lost.Victim)
	require.NotZero(t, lost.PID)
	switch how {
	case "exit":
		require.Equal(t, 3, lost.ExitCode)
		require.Equal(t, "last words", string(lost.Stderr))
	case "SIGKILL":
		require.Equal(t, "killed", lost.Signal)
	case "overflow":
		require.Contains(t, string(lost.Stderr[:1000]), "stack exceeds")
	}
}

// A nested call's death takes the task that waits for it along when both are in one worker, and not
// otherwise.
func TestDeathOfANestedCall(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 1})
	_, err := parentOf.Do(bounded(t), p, "SIGKILL")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "parentOf", lost.Func)
	require.False(t, lost.Victim, "it waited")

	v, err := parentOf.Do(bounded(t), p, "panic")
	require.Empty(t, v)
	var panicked *quartet.PanicError
	require.ErrorAs(t, err, &panicked, "through two processes")
}

// Workers are killed at random under load: each accepted call has an outcome, and a death costs at
// most one flat task.
func TestKillsUnderLoad(t *testing.T) {
	leavesNothing(t)
	kills := 50
	if executortest.Long() {
		kills = 1000
	}
	p := newPool(t, procpool.Config{Workers: 2})
	stop := make(chan struct{})
	var submitted, succeeded, failed atomic.Int64
	var submitters sync.WaitGroup
	for range 4 {
		submitters.Go(func() {
			for {
				var fs [100]*quartet.Future[int]
				for i := range fs {
					fs[i] = double.Go(context.Background(), p, i)
				}
				for i, f := range fs {
					submitted.Add(1)
					v, err := f.Await(context.Background())
					switch {
					case err == nil && v == 2*i:
						succeeded.Add(1)
					default:
						failed.Add(1)
						var lost *procpool.WorkerLostError
						if !errors.As(err, &lost) || lost.Signal != "killed" || lost.Cause != nil {
							t.Errorf("value %d, error %v", v, err)
						}
					}
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	killed := 0
	for killed < kills {
		before := succeeded.Load()
		for succeeded.Load() < before+50+rand.Int64N(50) { // some work between two kills
			runtime.Gosched()
		}
		if p.Kill(rand.IntN(2), os.Kill) {
			killed++
		}
	}
	close(stop)
	submitters.Wait()
	require.NoError(t, p.Shutdown(bounded(t)))
	t.Logf("%d kills: %d accepted = %d ok + %d failed", killed, submitted.Load(), succeeded.Load(), failed.Load())
	require.Equal(t, submitted.Load(), succeeded.Load()+failed.Load())
	require.LessOrEqual(t, failed.Load(), int64(killed))
	s := p.Stats()
	require.Equal(t, uint64(submitted.Load()), s.Submitted)
	require.Equal(t, s.Submitted, s.Done+s.Failed)
	require.Equal(t, uint64(failed.Load()), s.Failed)
}

// Fan-outs while workers are killed: each ends, with its number or an error.
func TestKillsUnderFanOut(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 2})
	done := make(chan error, 100)
	for range cap(done) {
		go func() {
			v, err := fan.Do(bounded(t), p, 5)
			if err == nil && v != 1<<6-1 {
				err = errors.New("a wrong number")
				t.Error(err)
			}
			done <- err
		}()
	}
	for i := range cap(done) {
		if i%5 == 0 {
			p.Kill(i%2, os.Kill)
		}
		<-done
	}
	require.NoError(t, p.Shutdown(bounded(t)))
	s := p.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned)
}

// Pdeathsig would kill the workers when the thread that started them ends.
func TestExitsOfLockedThreadsLeaveWorkersAlone(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 2})
	for len(p.PIDs()) < 2 {
		_, err := fan.Do(bounded(t), p, 3)
		require.NoError(t, err)
	}
	before := p.PIDs()
	threads := 2000
	if executortest.Long() {
		threads = 10_000
	}
	var wg sync.WaitGroup
	for range threads / 10 {
		for range 10 {
			wg.Go(runtime.LockOSThread) // never unlocked: the thread ends with the goroutine
		}
		wg.Wait()
	}
	_, err := fan.Do(bounded(t), p, 3)
	require.NoError(t, err)
	require.Equal(t, before, p.PIDs())
}

func fakes(t *testing.T, mode string, cfg procpool.Config) *procpool.Pool {
	exe, err := os.Executable()
	require.NoError(t, err)
	cfg.Workers, cfg.OnOutput = 1, func(procpool.Line) {}
	cfg.Command, cfg.Env = []string{exe}, append(os.Environ(), envFake+"="+mode)
	return newPool(t, cfg)
}

// A worker that does not come up is a clear error, and later calls are refused.
func TestWorkersThatDoNotComeUp(t *testing.T) {
	leavesNothing(t)
	for mode, says := range map[string]string{
		"silent":  "said nothing within Config.BootTimeout",
		"exit":    "cannot find my hat",
		"noinit":  "call procpool.Init() as the first line of main",
		"garbage": "unknown flags",
		"cut":     "in the middle of its first frame",
		"long":    "beyond the limit",
		"version": "version 99",
		"nonce":   "nonce",
		"magic":   `magic "ssh"`,
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			cfg := procpool.Config{}
			if mode == "silent" {
				cfg.BootTimeout = 50 * time.Millisecond
			}
			p := fakes(t, mode, cfg)
			_, err := double.Do(bounded(t), p, 21)
			require.ErrorIs(t, err, procpool.ErrCrashLoop)
			require.ErrorContains(t, err, says)
			_, err = double.Do(bounded(t), p, 21)
			require.ErrorIs(t, err, procpool.ErrCrashLoop)
		})
	}
}

// A worker that fails later costs the call that had started.
func TestWorkersThatGoWrong(t *testing.T) {
	leavesNothing(t)
	for mode, says := range map[string]string{
		"garbage later":     "procpool: protocol error",
		"long later":        "beyond the limit",
		"exit in mid-frame": "exit code 5",
		"another task":      "is not there",
		"wrong output":      "decoding the output",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := fakes(t, mode, procpool.Config{})
			for range 3 {
				_, err := double.Do(bounded(t), p, 21)
				require.ErrorContains(t, err, says)
				var lost *procpool.WorkerLostError
				require.Equal(t, mode != "wrong output", errors.As(err, &lost))
			}
		})
	}
}

// A program that has forgotten Init learns so from New, and starts nothing.
func TestProgramWithoutInit(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), envFake+"=forgetful")
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, procpool.ErrNoInit.Error()+"\n", string(out))
}

// A test binary whose TestMain does not call Init does not run its suite as a worker.
func TestTestBinaryWithoutTestMain(t *testing.T) {
	leavesNothing(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	p := newPool(t, procpool.Config{
		Command: []string{exe, "-test.run=^$"}, Env: append(os.Environ(), envFake+"=suite"),
		OnOutput: func(procpool.Line) {},
	})
	_, err = double.Do(bounded(t), p, 1)
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorContains(t, err, "of TestMain in tests?")
}

func TestForeignWorker(t *testing.T) {
	leavesNothing(t)
	p := fakes(t, "good", procpool.Config{})
	for range 100 {
		v, err := double.Do(bounded(t), p, 0)
		require.NoError(t, err)
		require.Equal(t, 42, v)
	}
}

func TestCommandThatIsNotThere(t *testing.T) {
	p := newPool(t, procpool.Config{Command: []string{"/no/such/program"}})
	_, err := double.Do(bounded(t), p, 1)
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A program that is no worker at all.
func TestCommandThatIsNoWorker(t *testing.T) {
	p := newPool(t, procpool.Config{Command: []string{"true"}})
	_, err := double.Do(bounded(t), p, 1)
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorContains(t, err, "procpool.Init()")
}
