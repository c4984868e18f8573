//go:build unix

package proc

import (
	"bytes"
	"errors"
	"io/fs"
	"syscall"
)

// Shortage reports whether err says that the system has no descriptor, process or memory to give
// now.
//
// Such a start is tried again later, and does not count for ErrCrashLoop: the program is not
// broken.
func Shortage(err error) bool {
	// Between fork and exec Go moves descriptors to the next numbers. The system says that those
	// beyond the limit are bad.
	if start, ok := errors.AsType[*fs.PathError](err); ok && start.Op == "fork/exec" && start.Err == syscall.EBADF {
		return true
	}
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN, syscall.ENOMEM} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// NoThread is a shortage when stderr is what Go's runtime says in a process that gets no thread.
// The worker was started, but its Go runtime could not: it prints this, and exits with code 2. A
// limit of processes (ulimit -u, a cgroup) counts threads, too.
func NoThread(stderr []byte) error {
	if bytes.Contains(stderr, []byte("failed to create new OS thread")) {
		return syscall.EAGAIN
	}
	return nil
}
