//go:build !unix

package proc

import (
	"errors"
	"os"
)

// WriteShared writes nothing: the system shares no memory.
func WriteShared(*os.File, []byte, int64) error { return errors.ErrUnsupported }
