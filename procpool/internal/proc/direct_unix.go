//go:build unix

package proc

import (
	"os"
	"syscall"
)

// TryWrite writes as much of data as the pipe takes at once, and returns how much that was.
//
// The descriptor does not block: a full pipe gives an error, which counts as nothing written. An
// error of a broken pipe does, too, and the writer's goroutine finds it again. conn.Write with true
// returns at once in any case, so the calling goroutine, a submitter's, never waits for a worker.
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
