package procpool_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/procpool"
)

// spins has a child, says so, and keeps its worker's CPU busy.
var spins = quartet.Define("spins", func(context.Context, none) (int, error) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	fmt.Printf("%d %d\n", os.Getpid(), cmd.Process.Pid)
	//lint:ignore SA5002 to spin is its purpose
	for {
	}
})

// parent is a program with two spinning workers, for the test below to kill. The shell's know
// nothing of the protocol.
func parent() {
	cfg := procpool.Config{Workers: 2, OnOutput: func(l procpool.Line) { fmt.Println(string(l.Text)) }}
	if os.Getenv(envParent) == "sh" {
		cfg.Command = []string{"sh", "-c", "sleep 1000 & echo $$ $!; while :; do :; done"}
	}
	p, err := procpool.New(cfg)
	if err != nil {
		panic(err)
	}
	for range 2 {
		spins.Go(context.Background(), p, none{})
	}
	select {}
}

// When the parent is killed, no process of its workers outlives it by a second.
func TestKilledParentLeavesNoOrphans(t *testing.T) {
	rounds := 20
	if executortest.Long() {
		rounds = 200
	}
	for _, kind := range []string{"go", "sh"} {
		t.Run(kind, func(t *testing.T) { killParents(t, kind, rounds) })
	}
}

func killParents(t *testing.T, kind string, rounds int) {
	exe, err := os.Executable()
	require.NoError(t, err)
	slowest := time.Duration(0)
	for range rounds {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), envParent+"="+kind)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		r := bufio.NewReader(out)
		var pids [4]int
		for i := 0; i < len(pids); i += 2 {
			_, err := fmt.Fscan(r, &pids[i], &pids[i+1])
			require.NoError(t, err)
		}
		for _, pid := range pids {
			require.True(t, alive(pid))
		}
		require.NoError(t, cmd.Process.Kill())
		killed := time.Now()
		_ = cmd.Wait()
		for _, pid := range pids {
			for alive(pid) {
				require.Less(t, time.Since(killed), time.Second, "process %d is still there", pid)
				time.Sleep(time.Millisecond)
			}
		}
		slowest = max(slowest, time.Since(killed))
	}
	t.Logf("%d rounds, the slowest took %v", rounds, slowest)
}

func alive(pid int) bool {
	_, state := process(pid)
	return state != '-' && state != 'Z' && state != 'X'
}
