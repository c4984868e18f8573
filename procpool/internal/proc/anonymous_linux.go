package proc

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// memfdCreate is the number of the system call, which package syscall does not know everywhere. 0
// on an architecture that is not listed: then a file in /dev/shm takes its place.
var memfdCreate = map[string]uintptr{
	"amd64": 319, "386": 356, "arm": 385, "arm64": 279, "riscv64": 279, "loong64": 279, "ppc64": 360, "ppc64le": 360,
	"s390x": 350,
}[runtime.GOARCH]

const (
	// Close-on-exec, because another goroutine may start a process at any moment: it must not
	// inherit the file of a worker. The worker gets it by name, as descriptor 6.
	mfdCloexec      = 1
	mfdAllowSealing = 2

	fAddSeals = 1033
	fGetSeals = 1034

	sealSeal, sealShrink, sealGrow = 1, 2, 4
)

// anonymous is a file of memory that is in no folder. It needs no mount, no free name and no rights
// to a folder. Its memory is counted with the process that writes it.
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
// take memory. F_SEAL_SEAL is among them: no process can take the seals off again. Without seals
// the file works too, and is read and written by system calls (package bulk). F_SEAL_WRITE is not
// set, as both processes write.
func seal(f *os.File, size int64) {
	if f.Truncate(size) == nil {
		_, _ = seals(f, fAddSeals, sealSeal|sealShrink|sealGrow)
	}
}

// Sealed reports whether f is sealed, so that no process can cut off what another one has mapped. A
// worker asks too, of a file that it has inherited: the question goes to the kernel, and does not
// trust the other process.
func Sealed(f *os.File) bool {
	set, errno := seals(f, fGetSeals, 0)
	return errno == 0 && set&sealShrink != 0
}

// A file on a file system without seals gives an error.
func seals(f *os.File, command, set uintptr) (uintptr, syscall.Errno) {
	set, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), command, set)
	return set, errno
}
