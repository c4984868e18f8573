//go:build !linux && !darwin && !freebsd && !netbsd && !dragonfly

package procpool

import (
	"errors"
	"os"
)

// Without a ledger a worker gets one task at a time.
func newPage() (*os.File, error) { return nil, errors.ErrUnsupported }

func mapPage(uintptr) (page, error) { return page{}, errors.ErrUnsupported }
