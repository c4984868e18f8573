package procpool

import (
	"os"
	"os/exec"
	"syscall"
)

const supported = true

// prepare passes the pipes on as inherited handles, whose numbers the marker tells.
func prepare(cmd *exec.Cmd, in, out, _, _ *os.File, m *marker) {
	handles := []syscall.Handle{syscall.Handle(in.Fd()), syscall.Handle(out.Fd())}
	for _, h := range handles {
		_ = syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		AdditionalInheritedHandles: handles,
		CreationFlags:              syscall.CREATE_NEW_PROCESS_GROUP,
	}
	m.in, m.out = uintptr(handles[0]), uintptr(handles[1])
}

func inherit(h uintptr, name string) *os.File {
	_ = syscall.SetHandleInformation(syscall.Handle(h), syscall.HANDLE_FLAG_INHERIT, 0)
	return os.NewFile(h, name)
}

// killGroup ends the process alone: what it has started stays.
func killGroup(p *os.Process) { _ = p.Kill() }

func orphaned() { os.Exit(1) }

func exitSignal(error) string { return "" }
