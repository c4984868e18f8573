package procpool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// MinWorkers are up before there is work, stay without any, and are replaced.
func TestMinWorkers(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 3, MinWorkers: 2, IdleTimeout: 20 * time.Millisecond})
	require.NoError(t, p.Ready(bounded(t)))
	workers := p.Workers()
	require.Len(t, workers, 2)
	for lane, w := range workers {
		require.Equal(t, lane, w.Lane)
		require.NotZero(t, w.PID)
		require.Equal(t, procpool.Idle, w.State)
		require.Less(t, time.Since(w.Started), time.Minute)
	}
	var calls []*quartet.Future[int]
	for range 3 {
		calls = append(calls, naps.Go(bounded(t), p, 50*time.Millisecond))
	}
	_, err := quartet.AwaitAll(bounded(t), calls...)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(p.Workers()) == 2 }, time.Minute, time.Millisecond,
		"the third ends after IdleTimeout, and the others stay, which have been idle as long")
	require.True(t, p.Kill(0, os.Kill))
	require.Eventually(t, func() bool { return p.Restarts()["crashed"] == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, p.Ready(bounded(t)))
	require.Len(t, p.Workers(), 2)
	_, err = procpool.New(procpool.Config{Workers: 1, MinWorkers: 2})
	require.ErrorContains(t, err, "Config.MinWorkers")
}

// Ready starts a worker where none is wanted, and says at once why none comes up, in the script's
// own words.
func TestReady(t *testing.T) {
	leavesNothing(t)
	p := newPool(t, procpool.Config{Workers: 2})
	require.NoError(t, p.Ready(bounded(t)))
	require.Len(t, p.Workers(), 1)
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Ready(bounded(t)), quartet.ErrClosed)

	begin := time.Now()
	broken := newPool(t,
		procpool.Config{
			Command:  []string{"sh", "-c", "echo no such module >&2; exit 1"},
			OnOutput: func(procpool.Line) {},
		})
	err := broken.Ready(bounded(t))
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorContains(t, err, "no such module")
	require.Less(t, time.Since(begin), 2*time.Second)

	slow := fakes(t, "silent", procpool.Config{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errKnown)
	require.ErrorIs(t, slow.Ready(ctx), errKnown)
}

// While no worker is up yet, QueueTimeout does not count.
func TestQueueTimeoutDoesNotCountTheBoot(t *testing.T) {
	leavesNothing(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	p := newPool(t, procpool.Config{
		Workers: 1, QueueTimeout: 50 * time.Millisecond, Env: append(os.Environ(), envFake+"=good"),
		Command: []string{"sh", "-c", `sleep .4; exec "$0"`, exe}, OnOutput: func(procpool.Line) {},
	})
	_, err = double.Do(bounded(t), p, 21)
	require.NoError(t, err)
}

func TestWorkersShowWhatRuns(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook})
	_, err := double.Do(bounded(t), p, 1)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(quartet.Label(bounded(t), "page 7"))
	f := untilCancelled.Go(ctx, p, none{})
	require.Equal(t, "started", next(t))
	w := p.Workers()
	require.Len(t, w, 1)
	require.Equal(t, procpool.Running, w[0].State)
	require.Equal(t, "running", w[0].State.String())
	require.Equal(t, "untilCancelled", w[0].Func)
	require.Equal(t, "page 7", w[0].Label)
	require.EqualValues(t, 1, w[0].Calls)
	require.False(t, w[0].Since.IsZero())
	if w[0].Memory != 0 { // known on Linux
		require.Greater(t, w[0].Memory, int64(1<<20))
	}
	cancel()
	_, err = f.Await(bounded(t))
	require.ErrorIs(t, err, context.Canceled)
	p.Resize(1)
	require.NoError(t, p.Reload(bounded(t)))
	require.Eventually(t, func() bool { return p.Restarts()["reload"] == 1 }, time.Minute, time.Millisecond)
}

// Lines say which call wrote them.
func TestLinesNameTheirCall(t *testing.T) {
	seen := make(chan procpool.Line, 100)
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: func(l procpool.Line) {
		l.Text = append([]byte(nil), l.Text...)
		seen <- l
	}})
	begin := time.Now()
	for i := range 3 {
		_, err := prints.Do(quartet.Label(bounded(t), fmt.Sprint("call ", i)), p, "hello\n")
		require.NoError(t, err)
		for range 2 { // standard output, and standard error
			l := <-seen
			require.Equal(t, "hello", string(l.Text))
			require.Equal(t, "prints", l.Func)
			require.Equal(t, fmt.Sprint("call ", i), l.Label)
			require.NotZero(t, l.Task)
			require.False(t, l.Time.Before(begin))
		}
	}
}

// The message of a lost call is one line, and what it carries of standard error is its own.
func TestLostErrorsAreOneLine(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: hook})
	_, err := prints.Do(bounded(t), p, "a secret of another call\n")
	require.NoError(t, err)
	require.Equal(t, next(t), next(t))
	_, err = die.Do(bounded(t), p, "exit")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "last words", string(lost.Stderr))
	require.NotContains(t, err.Error(), "\n")
	require.NotContains(t, err.Error(), "last words")
	_, err = die.Do(bounded(t), p, "panic")
	require.Error(t, err)
	_, err = die.Do(bounded(t), p, "overflow")
	require.ErrorAs(t, err, &lost)
	require.Contains(t, string(lost.Stderr), "stack exceeds")
}

// A context that had ended before RunTimeout struck is in the error, too.
func TestRunTimeoutNamesAContextThatEndedBefore(t *testing.T) {
	hook, next := lines()
	p := newPool(t,
		procpool.Config{Workers: 1, RunTimeout: 300 * time.Millisecond, Grace: 20 * time.Millisecond, OnOutput: hook})
	ctx, cancel := context.WithCancelCause(bounded(t))
	f := hangs.Go(ctx, p, "sleep")
	require.Equal(t, "started", next(t))
	cancel(errKnown)
	_, err := f.Await(bounded(t))
	require.ErrorIs(t, err, procpool.ErrRunTimeout)
	require.ErrorIs(t, err, errKnown)
	require.Equal(t, map[string]uint64{"run timeout": 1}, p.Restarts())
}

type tenantKey struct{}

func init() {
	quartet.Propagate("procpool_test.tenant",
		func(ctx context.Context) []byte {
			if tenant, ok := ctx.Value(tenantKey{}).(string); ok {
				return []byte(tenant)
			}
			return nil
		},
		func(ctx context.Context, data []byte) context.Context {
			return context.WithValue(ctx, tenantKey{}, string(data))
		})
}

// tenant returns the tenant of its context, or of a call that it makes.
var tenant = quartet.Declare[bool, string]("tenant")

func init() {
	tenant.Body(func(ctx context.Context, inside bool) (string, error) {
		if inside {
			ex, _ := quartet.Current(ctx)
			return tenant.Go(ctx, ex, false).Await(ctx)
		}
		name, ok := ctx.Value(tenantKey{}).(string)
		if !ok {
			return "", errors.New("no tenant")
		}
		return name, nil
	})
}

// Values that Propagate names travel into workers, and on with the calls that are made there.
func TestPropagatedValuesTravel(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	for _, inside := range []bool{false, true} {
		ctx := context.WithValue(bounded(t), tenantKey{}, "ACME")
		name, err := tenant.Do(ctx, p, inside)
		require.NoError(t, err)
		require.Equal(t, "ACME", name)
		_, err = tenant.Do(bounded(t), p, inside)
		require.EqualError(t, err, "no tenant")
	}
	ctx := context.WithValue(bounded(t), tenantKey{}, strings.Repeat("A", 40<<10))
	_, err := tenant.Do(ctx, p, false)
	require.ErrorContains(t, err, "propagated values")
}

// printsByDefault is a program whose pool has neither OnOutput nor Logger.
func printsByDefault() {
	p, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		panic(err)
	}
	_, _ = prints.Do(context.Background(), p, "\x1b[2Jno\tscreen is cleared\n")
	_ = p.Close()
	os.Exit(0)
}

// By default lines go to standard error, which may be a terminal.
func TestLinesOfWorkersDriveNoTerminal(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), envParent+"=prints")
	var printed bytes.Buffer
	cmd.Stderr = &printed
	require.NoError(t, cmd.Run())
	const line = "\ufffd[2Jno\tscreen is cleared\n" // once from each of the worker's streams
	require.Equal(t, line+line, printed.String())
}
