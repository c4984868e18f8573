//go:build !unix && !windows

package procpool

import (
	"os"
	"os/exec"
)

const supported = false

func prepare(*exec.Cmd, *os.File, *os.File, *os.File, *os.File, *marker) {}

func inherit(fd uintptr, name string) *os.File { return os.NewFile(fd, name) }

func killGroup(p *os.Process) { _ = p.Kill() }

func orphaned() { os.Exit(1) }

func exitSignal(error) string { return "" }
