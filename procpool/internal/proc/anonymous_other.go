//go:build !linux

package proc

import (
	"errors"
	"os"
)

// Anonymous files of memory, whose size can be sealed, are Linux's.

func anonymous() (*os.File, error) { return nil, errors.ErrUnsupported }

func seal(*os.File, int64) {}

// Sealed is false: any process may cut the file short.
func Sealed(*os.File) bool { return false }
