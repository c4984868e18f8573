package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

var (
	// hangs does not hear of its context's end, and spins or sleeps.
	hangs = quartet.Define("hangs", func(_ context.Context, how string) (int, error) {
		fmt.Println("started")
		for how == "spin" {
			runtime.Gosched()
		}
		select {}
	})
	// flaky ends its worker the first times that it runs, as counted by a file.
	flaky = quartet.Define("flaky", func(_ context.Context, in flakiness) (int, error) {
		data, _ := os.ReadFile(in.File)
		if len(data) < in.Deaths {
			_ = os.WriteFile(in.File, append(data, 'x'), 0o600)
			os.Exit(9)
		}
		return len(data), nil
	}, quartet.Idempotent())
	stubborn = quartet.Define("stubborn", func(ctx context.Context, in flakiness) (int, error) {
		ex, _ := quartet.Current(ctx)
		return flaky.Go(ctx, ex, in).Await(ctx)
	})
	// hoards keeps memory.
	hoards = quartet.Define("hoards", func(_ context.Context, mebibytes int) (int, error) {
		hoard = make([]byte, mebibytes<<20)
		for i := 0; i < len(hoard); i += 4096 {
			hoard[i] = 1
		}
		fmt.Println("started")
		if mebibytes > 200 {
			select {}
		}
		return os.Getpid(), nil
	})
	// meets returns when n of them run at once in one worker.
	meets = quartet.Define("meets", func(ctx context.Context, n int) (int, error) {
		if int(meeting.Add(1)) == n {
			close(met)
		}
		<-met
		return os.Getpid(), nil
	})

	hoard   []byte
	meeting atomic.Int32
	met     = make(chan struct{})
)

type flakiness struct {
	File   string
	Deaths int
}

func TestRunTimeoutCancels(t *testing.T) {
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 1, RunTimeout: 20 * time.Millisecond})
	_, err := untilCancelled.Do(bounded(t), p, none{})
	require.ErrorIs(t, err, procpool.ErrRunTimeout)
	var lost *procpool.WorkerLostError
	require.False(t, errors.As(err, &lost), "it has returned")
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err)
	require.Equal(t, 42, v)
}

// What does not return is killed, with its group; what waited behind it runs elsewhere.
func TestRunTimeoutKills(t *testing.T) {
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 1, RunTimeout: 500 * time.Millisecond, Grace: 20 * time.Millisecond})
	for _, how := range []string{"spin", "sleep"} {
		for range 100 { // the window grows
			_, err := double.Do(bounded(t), p, 1)
			require.NoError(t, err)
		}
		victim := hangs.Go(bounded(t), p, how)
		var fs []*quartet.Future[int]
		for i := range 100 {
			fs = append(fs, double.Go(bounded(t), p, i))
		}
		_, err := victim.Await(bounded(t))
		require.ErrorIs(t, err, procpool.ErrRunTimeout)
		var lost *procpool.WorkerLostError
		require.ErrorAs(t, err, &lost)
		require.Equal(t, "hangs", lost.Func)
		_, err = quartet.AwaitAll(bounded(t), fs...)
		require.NoError(t, err)
	}
}

func TestKillCancelled(t *testing.T) {
	leavesNothing(t)
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, KillCancelled: true, Grace: 10 * time.Millisecond, OnOutput: hook})
	f := hangs.Go(context.Background(), p, "sleep")
	require.Equal(t, "started", next(t))
	f.Cancel(errKnown)
	_, err := f.Await(bounded(t))
	require.ErrorIs(t, err, errKnown)
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
}

var naps = quartet.Define("naps", func(_ context.Context, d time.Duration) (int, error) {
	time.Sleep(d)
	return 0, nil
})

// occupied returns a pool whose one worker runs untilCancelled, after a call that took d.
func occupied(t *testing.T, d time.Duration) (p *procpool.Pool, holder *quartet.Future[int]) {
	hook, next := lines()
	p = newPool(t, procpool.Config{Workers: 1, QueueTimeout: 20 * time.Millisecond, OnOutput: hook})
	_, err := naps.Do(bounded(t), p, d)
	for err != nil { // the worker may take longer to come up than a call waits
		require.Equal(t, procpool.ErrQueueTimeout, err)
		_, err = naps.Do(bounded(t), p, d)
	}
	holder = untilCancelled.Go(context.Background(), p, none{})
	require.Equal(t, "started", next(t))
	return p, holder
}

func TestQueueTimeout(t *testing.T) {
	t.Parallel()
	p, holder := occupied(t, 5*time.Millisecond) // long: nothing is sent ahead
	early := p.Stats().Abandoned
	_, err := double.Do(bounded(t), p, 1)
	require.Equal(t, procpool.ErrQueueTimeout, err)
	holder.Cancel(nil)
	_, _ = holder.Await(bounded(t))
	_, err = double.Do(bounded(t), p, 1)
	require.NoError(t, err)
	require.Equal(t, early+1, p.Stats().Abandoned)
}

// A call that was sent ahead, and came back because the one before it turned out long, has waited
// all the time.
func TestQueueTimeoutOfWhatWasSentAhead(t *testing.T) {
	t.Parallel()
	p, holder := occupied(t, 0)
	_, err := double.Do(bounded(t), p, 1)
	require.Equal(t, procpool.ErrQueueTimeout, err)
	holder.Cancel(nil)
	_, _ = holder.Await(bounded(t))
	_, err = double.Do(bounded(t), p, 1)
	require.NoError(t, err)
}

// A stopped worker is found, as no crash would find it; a busy one is left alone.
func TestHungWorkerIsFound(t *testing.T) {
	t.Parallel()
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, HangTimeout: time.Second, OnOutput: hook})
	f := hangs.Go(bounded(t), p, "spin")
	require.Equal(t, "started", next(t))
	behind := double.Go(bounded(t), p, 21)
	stop(t, p)
	_, err := f.Await(bounded(t))
	require.ErrorIs(t, err, procpool.ErrHung)
	v, err := behind.Await(bounded(t))
	require.NoError(t, err)
	require.Equal(t, 42, v)

	stop(t, p) // while it has nothing to do
	again, err := double.Do(bounded(t), p, 1)
	require.NoError(t, err, "what was never started goes to another worker")
	require.Equal(t, 2, again)
}

func TestIdempotentIsTriedAgain(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	file := func() string { return t.TempDir() + "/deaths" }
	v, err := flaky.Do(bounded(t), p, flakiness{file(), 1})
	require.NoError(t, err)
	require.Equal(t, 1, v)

	_, err = flaky.Do(bounded(t), p, flakiness{file(), 5})
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, 2, lost.Attempts, "what has ended two workers is not tried again")

	_, err = stubborn.Do(bounded(t), p, flakiness{file(), 1})
	require.ErrorAs(t, err, &lost, "its parent cannot be tried again")
	require.Equal(t, "stubborn", lost.Func)

	once := newPool(t, procpool.Config{Workers: 1, Attempts: 1})
	_, err = flaky.Do(bounded(t), once, flakiness{file(), 1})
	require.ErrorAs(t, err, &lost)
	require.Equal(t, 1, lost.Attempts)
}

func TestMaxTasksReplacesWorkers(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 2, MaxTasks: 50})
	seen := map[int]int{}
	for v, err := range pid.Map(bounded(t), p, func(yield func(none) bool) {
		for range 1000 {
			if !yield(none{}) {
				return
			}
		}
	}) {
		require.NoError(t, err)
		seen[v]++
	}
	for worker, n := range seen {
		require.LessOrEqual(t, n, 50, worker)
	}
	require.GreaterOrEqual(t, len(seen), 20)
	for range 5 { // fan-outs whose workers retire in the middle
		v, err := fan.Do(bounded(t), p, 6)
		require.NoError(t, err)
		require.Equal(t, 1<<7-1, v)
	}
}

func TestLifetimeAndIdleTimeout(t *testing.T) {
	leavesNothing(t)
	for name, cfg := range map[string]procpool.Config{
		"lifetime": {Workers: 1, MaxLifetime: 10 * time.Millisecond},
		"idle":     {Workers: 1, IdleTimeout: 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPool(t, cfg)
			first, err := pid.Do(bounded(t), p, none{})
			require.NoError(t, err)
			require.Eventually(t, func() bool { return len(p.PIDs()) == 0 }, time.Minute, time.Millisecond)
			second, err := pid.Do(bounded(t), p, none{})
			require.NoError(t, err)
			require.NotEqual(t, first, second)
		})
	}
}

func TestMemoryLimits(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is looked at on Linux alone")
	}
	t.Parallel()
	// far apart: the race detector takes a multiple
	p := newPool(t, procpool.Config{Workers: 1, MemorySoft: 100 << 20, MemoryHard: 1200 << 20})
	first, err := hoards.Do(bounded(t), p, 150)
	require.NoError(t, err)
	_, err = untilReplaced(t, p, first)
	require.NoError(t, err)
	_, err = hoards.Do(bounded(t), p, 1300)
	require.ErrorIs(t, err, procpool.ErrMemory)
}

// untilReplaced calls until another process answers: while it is busy, the pool looks at its
// memory.
func untilReplaced(t *testing.T, p *procpool.Pool, first int) (int, error) {
	for {
		v, err := pid.Do(bounded(t), p, none{})
		if err != nil || v != first {
			return v, err
		}
	}
}

func TestConcurrency(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 1, Concurrency: 4})
	var fs []*quartet.Future[int]
	for range 4 {
		fs = append(fs, meets.Go(bounded(t), p, 4))
	}
	pids, err := quartet.AwaitAll(bounded(t), fs...)
	require.NoError(t, err)
	require.Equal(t, []int{pids[0], pids[0], pids[0], pids[0]}, pids)
	v, err := fan.Do(bounded(t), p, 8)
	require.NoError(t, err)
	require.Equal(t, 1<<9-1, v)

	var doubles []*quartet.Future[int]
	for i := range 100 {
		doubles = append(doubles, double.Go(bounded(t), p, i))
	}
	_, err = die.Do(bounded(t), p, "SIGKILL")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	failed := 0
	for _, f := range doubles {
		if _, err := f.Await(bounded(t)); err != nil {
			require.ErrorAs(t, err, &lost)
			failed++
		}
	}
	require.Less(t, failed, 4, "only what ran there")
}

func TestOnCommand(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1, OnCommand: func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, "QUARTET_TEST_HOOK=seen")
	}})
	v, err := getenv.Do(bounded(t), p, "QUARTET_TEST_HOOK")
	require.NoError(t, err)
	require.Equal(t, "seen", v)
}

// A hook that does not return costs the start, and leaves nothing.
func TestOnCommandThatDoesNotReturn(t *testing.T) {
	leavesNothing(t)
	for name, hook := range map[string]func(){"panics": func() { panic("hook") }, "exits": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan error, 10)
			p := newPool(t, procpool.Config{
				Workers: 1, OnCommand: func(*exec.Cmd) { hook() }, OnPanic: func(err error) { seen <- err },
			})
			_, err := double.Do(bounded(t), p, 1)
			require.ErrorIs(t, err, procpool.ErrCrashLoop)
			require.ErrorContains(t, err, "OnCommand has not returned")
			require.NoError(t, p.Close())
			if name == "panics" {
				var panicked *quartet.PanicError
				require.ErrorAs(t, <-seen, &panicked)
				require.Equal(t, "hook", panicked.Value)
			}
		})
	}
}

var getenv = quartet.Define("getenv", func(_ context.Context, name string) (string, error) {
	return os.Getenv(name), nil
})

// The hooks run in the worker, before its first call and after its last; IsWorker is true from the
// start.
func TestWorkerHooks(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook, Env: append(os.Environ(), envHooks+"=say")})
	_, err := double.Do(bounded(t), p, 1)
	require.NoError(t, err)
	require.NoError(t, p.Shutdown(bounded(t)))
	require.Equal(t, "worker true init", next(t))
	require.Equal(t, "worker true exit", next(t))

	p = newPool(t, procpool.Config{Workers: 1, OnOutput: hook, Env: append(os.Environ(), envHooks+"=fail")})
	_, err = double.Do(bounded(t), p, 1)
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorContains(t, err, "no hat")
	require.False(t, procpool.IsWorker())
}

const envHooks = "QUARTET_TEST_HOOKS"

func init() {
	how := os.Getenv(envHooks)
	if how == "" || !procpool.IsWorker() {
		return
	}
	procpool.WorkerInit(func() error {
		if how == "fail" {
			return errors.New("no hat")
		}
		fmt.Println("worker", procpool.IsWorker(), "init")
		return nil
	})
	procpool.WorkerExit(func() { fmt.Println("worker", procpool.IsWorker(), "exit") })
}
