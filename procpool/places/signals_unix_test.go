//go:build unix

package places_test

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

var groupSignals = []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}

// systemd and a container's runtime send SIGTERM to all processes of a service, Heroku too. It ends
// no worker while the parent drains.
func TestSignalsToAllEndNoWorker(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	pid, err := naps.Do(bounded(t), p, 0)
	require.NoError(t, err)
	for _, s := range groupSignals {
		nap := naps.Go(bounded(t), p, 50*time.Millisecond)
		require.NoError(t, syscall.Kill(pid, s))
		same, err := nap.Await(bounded(t))
		require.NoError(t, err)
		require.Equal(t, pid, same)
	}
	require.NoError(t, p.Shutdown(bounded(t)))
}

// What a worker starts gets the signals as usual.
func TestChildrenOfWorkersDoNotOutliveSignals(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	for _, s := range []string{"TERM", "INT", "HUP"} {
		_, err := shell.Do(bounded(t), p, "kill -"+s+" $$; echo survived")
		require.ErrorContains(t, err, "signal: ")
	}
}

// onTerminal is a place with a controlling terminal. The exec leaves no shell there: dash, which
// script starts where SHELL is unset, would stay, and Ctrl-C would end it.
func onTerminal() []string {
	return []string{"sh", "-c", `exec script -qec "exec $*" /dev/null </dev/null`, "sh"}
}

// typing is a terminal on which keys are typed again and again.
func typing(keys string) []string {
	return []string{"sh", "-c", `(for i in 1 2 3 4; do sleep .5; printf '` + keys +
		`'; done) | script -qec "exec $*" /dev/null`, "sh"}
}

// A child of a worker that reads the terminal fails at once: it is not stopped for ever.
func TestWorkersHaveNoTerminal(t *testing.T) {
	if !inPlace(t, []string{"script: not found"}, onTerminal()...) {
		return
	}
	tty, err := os.Open("/dev/tty")
	require.NoError(t, err)
	require.NoError(t, tty.Close())
	p := newPool(t, procpool.Config{Workers: 1})
	begin := time.Now()
	out, err := shell.Do(bounded(t), p, "read x </dev/tty")
	require.Error(t, err, out)
	require.Less(t, time.Since(begin), 5*time.Second)
}

// Ctrl-C on a terminal is for the program: it drains, and its workers finish.
func TestControlCDrains(t *testing.T) {
	if !inPlace(t, []string{"script: not found"}, typing(`\003`)...) {
		return
	}
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt) // to the end: more of them come
	p := newPool(t, procpool.Config{Workers: 1})
	nap := naps.Go(bounded(t), p, 1500*time.Millisecond)
	select {
	case <-ctx.Done():
	case <-bounded(t).Done():
		t.Fatal("no Ctrl-C has come")
	}
	_, err := nap.Result()
	require.ErrorIs(t, err, quartet.ErrPending)
	require.NoError(t, p.Shutdown(bounded(t)))
	_, err = nap.Result()
	require.NoError(t, err)
}

// As the first process of a container, the pool leaves no zombies of what its lost workers had
// started.
func TestFirstProcessLeavesNoZombies(t *testing.T) {
	if !inPlace(t, []string{"unshare: "}, "unshare", "-pf", "--mount-proc") {
		return
	}
	require.Equal(t, 1, os.Getpid())
	p := newPool(t, procpool.Config{Workers: 1, OnOutput: silent})
	for range 3 {
		_, err := shell.Do(bounded(t), p, "sleep 100 & sleep 100 & kill -9 $PPID; sleep 1")
		var lost *procpool.WorkerLostError
		require.ErrorAs(t, err, &lost)
	}
	require.NoError(t, p.Close())
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, e := range entries {
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err == nil {
			require.NotContains(t, strings.SplitAfter(string(stat), ")")[1], " Z ", string(stat))
		}
	}
}
