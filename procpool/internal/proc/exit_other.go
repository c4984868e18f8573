//go:build !linux

package proc

import "os"

// Executable is the path of this program's file.
func Executable() (string, error) { return os.Executable() }

// AwaitExit returns when the worker has closed its pipe, which it does by ending.
func AwaitExit(_ *os.Process, closed <-chan struct{}) { <-closed }

// KnowsItself reports that a process can find its file, whatever it is called.
func KnowsItself() bool { return true }
