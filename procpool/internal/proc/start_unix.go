//go:build unix

package proc

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

const Supported = true

// Descriptors of a worker.
const (
	// PROTOCOL.md promises 3 to 6. exec.Cmd gives ExtraFiles the numbers from 3 on, so their order
	// in give is that of the numbers. fdExtra is a replica's listener, and is no part of the
	// protocol.
	fdIn, fdOut = 3, 4
	fdLeash     = 5
	fdPage      = 6
	fdExtra     = 7
)

// give gives cmd its descriptors, and sets it apart from this process. A nil file in ExtraFiles
// leaves that number closed in the worker, so the others keep theirs.
func (ps *Pipes) give(cmd *exec.Cmd) (in, out, page uintptr) {
	cmd.SysProcAttr = apart()
	cmd.ExtraFiles = []*os.File{ps.far.in, ps.far.out, ps.leash.far, ps.Page}
	if ps.Extra != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, ps.Extra)
	}
	if ps.Page != nil {
		page = fdPage
	}
	return fdIn, fdOut, page
}

// Inherit opens a descriptor that Give passed on, for blocking reads and writes. All inherited
// descriptors are closed in what the worker starts: a child that held the pipe would keep the pool
// from seeing the worker's end. A blocking read keeps a thread in the system call, and saves the
// way through the poller.
func Inherit(fd uintptr, name string) *os.File {
	for _, fd := range []int{fdIn, fdOut, fdLeash, fdPage, fdExtra} {
		syscall.CloseOnExec(fd)
	}
	_ = syscall.SetNonblock(int(fd), false)
	return os.NewFile(fd, name)
}

// Extra is the file that the parent gave to this worker beside its pipes. Only a worker whose pool
// has set Pipes.Extra may ask: else the number may be any other file's.
func Extra(name string) *os.File { return os.NewFile(fdExtra, name) }

// CanShareListener: a worker can accept on its parent's listener.
const CanShareListener = true

// KillGroup ends a process and its group. The process must not have been waited for, so that its
// number is still its own. The process itself is killed again by its handle: a hook may have kept
// it from getting a group.
func KillGroup(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	_ = p.Kill()
}

// Orphaned ends a worker whose parent is gone, with its group. It never returns. A worker that is
// in another's group, because a hook has asked for that, must not kill it, and only ends itself.
func Orphaned() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
	os.Exit(1)
}

// ExitSignal names the signal that ended a process. The text goes into WorkerLostError.Signal; ""
// for an exit by code.
func ExitSignal(err error) string {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return status.Signal().String()
		}
	}
	return ""
}
