//go:build unix

package procpool_test

import (
	"os"
	"syscall"
)

func signalSelf(name string) {
	signal := map[string]syscall.Signal{"SIGKILL": syscall.SIGKILL, "SIGSEGV": syscall.SIGSEGV}[name]
	_ = syscall.Kill(os.Getpid(), signal)
}
