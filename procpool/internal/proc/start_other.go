//go:build !unix && !windows

package proc

import (
	"os"
	"os/exec"
)

// procpool.New returns errors.ErrUnsupported here, so the rest only has to compile.
const Supported = false

func (ps *Pipes) give(*exec.Cmd) (in, out, page uintptr) { return 0, 0, 0 }

func Inherit(fd uintptr, name string) *os.File { return os.NewFile(fd, name) }

func KillGroup(p *os.Process) { _ = p.Kill() }

func Orphaned() { os.Exit(1) }

func ExitSignal(error) string { return "" }

// Extra is not passed on here.
func Extra(string) *os.File { return nil }

// CanShareListener is false: a socket is not passed on here.
const CanShareListener = false
