//go:build !linux

package proc

import "os"

// TrimShared does nothing: the memory stays with the file.
func TrimShared(*os.File, int64, int64) {}
