//go:build unix

package proc

import (
	"os"
	"syscall"
)

// TryWrite writes as much of data as the pipe takes at once, and returns how much that was.
func TryWrite(f *os.File, data []byte) (n int) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	_ = conn.Write(func(fd uintptr) bool {
		n, _ = syscall.Write(int(fd), data)
		return true
	})
	return max(n, 0)
}
