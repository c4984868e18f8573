//go:build !linux

package procpool

import "os"

func executable() (string, error) { return os.Executable() }

// awaitExit returns when the worker has closed its pipe, which it does by ending.
func awaitExit(_ *os.Process, closed <-chan struct{}) { <-closed }
