package proc

import (
	"os"
	"os/exec"
	"syscall"
)

// There is no ledger here, so page is 0 and each worker gets one task at a time.
const Supported = true

// give passes the pipes on as inherited handles. The handles are inheritable from here on.
// AdditionalInheritedHandles restricts the inheriting to this command; another process that is
// started by other means in between may get them. A group of its own keeps Ctrl-C away from the
// worker.
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

// Inherit opens a handle by its number, which is the same in the worker. It is not passed on to
// what the worker starts.
func Inherit(h uintptr, name string) *os.File {
	_ = syscall.SetHandleInformation(syscall.Handle(h), syscall.HANDLE_FLAG_INHERIT, 0)
	return os.NewFile(h, name)
}

// KillGroup ends the process alone: its children stay.
func KillGroup(p *os.Process) { _ = p.Kill() }

// Orphaned ends the worker alone: processes that it has started stay.
func Orphaned() { os.Exit(1) }

// ExitSignal is empty: no process ends by a signal here.
func ExitSignal(error) string { return "" }

// Extra is not passed on here.
func Extra(string) *os.File { return nil }

// CanShareListener is false: a socket is not passed on here.
const CanShareListener = false
