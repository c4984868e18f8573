//go:build unix

package procpool

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

const supported = true

// Descriptors of a worker.
const (
	fdIn, fdOut = 3, 4
	fdLeash     = 5
	fdPage      = 6
)

// prepare gives cmd a process group of its own and its descriptors.
func prepare(cmd *exec.Cmd, in, out, leash, page *os.File, m *marker) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.ExtraFiles = []*os.File{in, out, leash, page}
	m.in, m.out = fdIn, fdOut
	if page != nil {
		m.page = fdPage
	}
}

// inherit opens a descriptor that prepare passed on, for blocking reads and writes.
func inherit(fd uintptr, name string) *os.File {
	for _, fd := range []int{fdIn, fdOut, fdLeash, fdPage} {
		syscall.CloseOnExec(fd)
	}
	_ = syscall.SetNonblock(int(fd), false)
	return os.NewFile(fd, name)
}

// killGroup ends a process and what it has started. The process must not have been waited for, so that its number is
// still its own.
func killGroup(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	_ = p.Kill()
}

// orphaned ends a worker whose parent is gone, and what it has started.
func orphaned() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
	os.Exit(1)
}

// exitSignal names the signal that ended a process.
func exitSignal(err error) string {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return status.Signal().String()
		}
	}
	return ""
}
