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
//
// Both ends of the pipe are this process's until arm, and the group has its copy as descriptor 5.
// Nobody writes into it, and nobody reads: it exists for its end.
type leash struct{ far, near *os.File }

// The pipe is close-on-exec, as all of Go's: another worker that is started meanwhile does not hold
// its writing end open.
func newLeash() (*leash, error) {
	far, near, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &leash{far, near}, nil
}

// Arm is called when the worker has started, with its process group. The settings belong to the
// open file, which the worker's descriptor shares; so they hold after this process has closed its
// own. A kernel that refuses one of them leaves the worker to the end of its pipe: the pool tells
// of that once (weaken). A worker that starts in the moment before arm, and whose parent dies then,
// ends by the same.
func (l *leash) arm(pgid int) error {
	conn, err := l.far.SyscallConn()
	if err != nil {
		return err
	}
	var failed syscall.Errno
	err = conn.Control(func(fd uintptr) {
		// The first failure is kept, and the others are tried all the same.
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

// loose lets a group go that is dead already. A process that has left the group may still hold the
// reading end, and closing near signals the owner again. The kernel keeps the group itself as the
// owner, and not its number, so no later group is hit. far may be closed already.
func (l *leash) loose() {
	_ = l.far.Close()
	_ = l.near.Close()
}
