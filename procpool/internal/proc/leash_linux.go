package proc

import (
	"os"
	"syscall"
)

const fSetSig = 10 // F_SETSIG

// leash holds a worker's process group to this process: the group holds the reading end of a pipe,
// this process the writing end. When this process ends, however it does, the kernel closes the pipe
// and so sends the reading end's owner, the group, the signal that was set here: SIGKILL. No code
// of the worker takes part, and no thread of the parent, as with Pdeathsig, which kills a healthy
// child when the thread that started it ends.
type leash struct{ far, near *os.File }

func newLeash() (*leash, error) {
	far, near, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &leash{far, near}, nil
}

// Arm is called when the worker has started, with its process group.
func (l *leash) arm(pgid int) error {
	conn, err := l.far.SyscallConn()
	if err != nil {
		return err
	}
	var failed syscall.Errno
	err = conn.Control(func(fd uintptr) {
		fcntl := func(cmd, arg int) {
			if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, uintptr(cmd), uintptr(arg)); errno != 0 &&
				failed == 0 {
				failed = errno
			}
		}
		fcntl(fSetSig, int(syscall.SIGKILL))
		fcntl(syscall.F_SETOWN, -pgid)
		fcntl(syscall.F_SETFL, syscall.O_ASYNC|syscall.O_NONBLOCK)
	})
	if err == nil && failed != 0 {
		err = failed
	}
	_ = l.far.Close()
	return err
}

// loose lets a group go that is dead already.
func (l *leash) loose() {
	_ = l.far.Close()
	_ = l.near.Close()
}
