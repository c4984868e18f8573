package proc

import (
	"os"
	"syscall"
)

const (
	// 1 MiB is the most that a process without privileges may ask for by default. All pipes of a
	// user share a bound; beyond it the call fails, and the pipe keeps its size.
	fSetPipeSize = 1031 // F_SETPIPE_SZ
	pipeSize     = 1 << 20
)

// enlarge lets a pipe hold more, where the system allows it: fewer switches between two processes
// that send much. It is for the two pipes with frames. Nothing depends on the size but the number
// of switches.
func enlarge(f *os.File) {
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, fSetPipeSize, pipeSize)
		})
	}
}
