//go:build !unix

package proc

import "os/exec"

// SettleSession does nothing: there are no sessions here.
func SettleSession(*exec.Cmd) {}
