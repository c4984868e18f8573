package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// EnvMarker makes a started process a worker: protocol version, nonce, depth, and where the pipes
// are. Init takes it out of the environment, so that what a worker starts is no worker. While it is
// in the environment, the process counts as a worker that has not been adopted: procpool.New ends
// such a process with ExitNoInit. Otherwise a program that forgets Init would start workers that
// start workers.
const EnvMarker = "QUARTET_PROCPOOL_WORKER"

// Exit codes of a worker that cannot work.
const (
	// The pool looks at the code when a worker ends before its hello, to say why. The numbers are
	// beyond those that shells and common programs use for themselves.
	ExitNoInit   = 121 // New was called before Init
	ExitProtocol = 122
	ExitInit     = 123 // a function of WorkerInit failed
	ExitMismatch = 124 // it can never work for this pool
)

// Marker is the value of EnvMarker.
//
// Nonce is a text without a colon. Depth is 1 in a worker of a process that is no worker, and one
// more in each pool that a worker makes. In, Out and Page are numbers in the worker, which need not
// be the parent's.
type Marker struct {
	Nonce   string
	Depth   int
	In, Out uintptr // descriptors, or handles
	Page    uintptr // 0: none
}

// It is the form that PROTOCOL.md promises to workers in other languages.
func (m Marker) String() string {
	return fmt.Sprintf("%d:%s:%d:%d:%d:%d", Version, m.Nonce, m.Depth, m.In, m.Out, m.Page)
}

// ParseMarker reads it in the worker, before any other part of the protocol. The number of parts is
// fixed, so a later version may add some only with another Version. 32 bits hold a descriptor, and
// a handle of Windows, of which 32 bits are significant.
func ParseMarker(s string) (m Marker, err error) {
	parts := strings.Split(s, ":")
	if len(parts) != 6 || parts[0] != strconv.Itoa(Version) {
		return m, fmt.Errorf("%w: %s=%q is not of version %d", ErrMismatch, EnvMarker, s, Version)
	}
	var numbers [4]uint64
	for i := range numbers {
		if numbers[i], err = strconv.ParseUint(parts[2+i], 10, 32); err != nil {
			return m, fmt.Errorf("%w: %s=%q", ErrMismatch, EnvMarker, s)
		}
	}
	return Marker{parts[1], int(numbers[0]), uintptr(numbers[1]), uintptr(numbers[2]), uintptr(numbers[3])}, nil
}
