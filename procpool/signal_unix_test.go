//go:build unix

package procpool_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool"
)

func signalSelf(name string) {
	signal := map[string]syscall.Signal{"SIGKILL": syscall.SIGKILL, "SIGSEGV": syscall.SIGSEGV}[name]
	_ = syscall.Kill(os.Getpid(), signal)
}

// stop stops the pool's only worker.
func stop(t *testing.T, p *procpool.Pool) {
	require.Eventually(t, func() bool { return p.Kill(0, syscall.SIGSTOP) }, time.Minute, time.Millisecond)
}
