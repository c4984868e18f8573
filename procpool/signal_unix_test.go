//go:build unix

package procpool_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

func signalSelf(name string) {
	signal := map[string]syscall.Signal{"SIGKILL": syscall.SIGKILL, "SIGSEGV": syscall.SIGSEGV, "SIGSTOP": syscall.SIGSTOP}[name]
	_ = syscall.Kill(os.Getpid(), signal)
}

// exhaustMemory takes more than it may.
func exhaustMemory() {
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20})
	for {
		hoard = append(hoard, make([]byte, 64<<20)...)
	}
}

// escapes starts a process that leaves the worker's group, holds its output, and ends soon after it.
var escapes = quartet.Define("escapes", func(context.Context, none) (int, error) {
	cmd := exec.Command("sleep", "3")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return 0, cmd.Start()
})

// stop stops the pool's only worker.
func stop(t *testing.T, p *procpool.Pool) {
	require.Eventually(t, func() bool { return p.Kill(0, syscall.SIGSTOP) }, time.Minute, time.Millisecond)
}
