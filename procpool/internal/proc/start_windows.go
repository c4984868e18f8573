package proc

import (
	"os"
	"os/exec"
	"syscall"
)

const Supported = true

// give passes the pipes on as inherited handles.
func (ps *Pipes) give(cmd *exec.Cmd) (in, out, page uintptr) {
	handles := []syscall.Handle{syscall.Handle(ps.far.in.Fd()), syscall.Handle(ps.far.out.Fd())}
	for _, h := range handles {
		_ = syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		AdditionalInheritedHandles: handles,
		CreationFlags:              syscall.CREATE_NEW_PROCESS_GROUP,
	}
	return uintptr(handles[0]), uintptr(handles[1]), 0
}

func Inherit(h uintptr, name string) *os.File {
	_ = syscall.SetHandleInformation(syscall.Handle(h), syscall.HANDLE_FLAG_INHERIT, 0)
	return os.NewFile(h, name)
}

// KillGroup ends the process alone: its children stay.
func KillGroup(p *os.Process) { _ = p.Kill() }

func Orphaned() { os.Exit(1) }

func ExitSignal(error) string { return "" }

// Extra is not passed on here.
func Extra(string) *os.File { return nil }

// CanShareListener is false: a socket is not passed on here.
const CanShareListener = false
