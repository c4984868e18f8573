//go:build !linux && !darwin && !freebsd && !netbsd && !dragonfly

package proc

import (
	"errors"
	"os"
)

// HasLedger: the system can share memory between processes.
const HasLedger = false

// Without a ledger a worker gets one task at a time. Its error is ignored by NewPipes. Nobody calls
// MapShared: the marker names no page.
func newPage(int, int64) (*os.File, error) { return nil, errors.ErrUnsupported }

func MapShared(*os.File, int64, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func UnmapShared([]byte) {}
