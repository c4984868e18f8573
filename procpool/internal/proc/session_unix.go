//go:build unix

package proc

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// apart returns the attributes that give a worker a process group of its own. Where this process
// has a terminal, the worker also gets a session: what opens /dev/tty there then fails at once,
// where it would be stopped for reading in the background. Without a terminal there is none for it
// to open, and the session stays the parent's. Linux divides the CPUs among sessions first
// (autogroup). Sessions of their own make the workers and their parent preempt each other: twice
// the context switches for short calls.
func apart() *syscall.SysProcAttr {
	if hasTerminal() {
		return &syscall.SysProcAttr{Setsid: true}
	}
	return &syscall.SysProcAttr{Setpgid: true}
}

// hasTerminal reports whether this process has a controlling terminal, or may have one. ENXIO is
// the answer of a process without one. Any other error leaves the question open: then a session of
// its own is the safe choice. O_NOCTTY keeps the question from giving this process a terminal.
func hasTerminal() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err == nil {
		_ = f.Close()
	}
	return !errors.Is(err, syscall.ENXIO)
}

// SettleSession is for a command that a user's hook has seen. Where the hook asked for a session,
// that brings a process group along, and the system refuses to make both. setpgid fails with EPERM
// for the leader of a session.
func SettleSession(cmd *exec.Cmd) {
	if a := cmd.SysProcAttr; a != nil && a.Setsid {
		a.Setpgid = false
	}
}
