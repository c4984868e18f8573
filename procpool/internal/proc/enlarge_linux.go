package proc

import (
	"os"
	"syscall"
)

const (
	fSetPipeSize = 1031 // F_SETPIPE_SZ
	pipeSize     = 1 << 20
)

// enlarge lets a pipe hold more, where the system allows it: fewer switches between two processes
// that send much.
func enlarge(f *os.File) {
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, fSetPipeSize, pipeSize)
		})
	}
}
