package proc

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// memfdCreate is the number of the system call, which package syscall does not know everywhere.
var memfdCreate = map[string]uintptr{
	"amd64": 319, "386": 356, "arm": 385, "arm64": 279, "riscv64": 279, "loong64": 279, "ppc64": 360, "ppc64le": 360,
	"s390x": 350,
}[runtime.GOARCH]

const (
	mfdCloexec      = 1
	mfdAllowSealing = 2

	fAddSeals = 1033
	fGetSeals = 1034

	sealSeal, sealShrink, sealGrow = 1, 2, 4
)

// anonymous is a file of memory that is in no folder.
func anonymous() (*os.File, error) {
	if memfdCreate == 0 {
		return nil, errors.ErrUnsupported
	}
	name := []byte("quartet-ledger\x00")
	fd, _, errno := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name[0])), mfdCloexec|mfdAllowSealing, 0)
	if errno != 0 {
		return nil, errno
	}
	return os.NewFile(fd, "quartet-ledger"), nil
}

// seal makes size the size of f for good, where the system can do that. Only pages that are written
// take memory.
func seal(f *os.File, size int64) {
	if f.Truncate(size) == nil {
		_, _ = seals(f, fAddSeals, sealSeal|sealShrink|sealGrow)
	}
}

// Sealed reports whether f is sealed, so that no process can cut off what another one has mapped.
func Sealed(f *os.File) bool {
	set, errno := seals(f, fGetSeals, 0)
	return errno == 0 && set&sealShrink != 0
}

func seals(f *os.File, command, set uintptr) (uintptr, syscall.Errno) {
	set, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), command, set)
	return set, errno
}
