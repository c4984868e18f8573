//go:build linux || darwin || freebsd || netbsd || dragonfly

package proc

import (
	"os"
	"syscall"
)

// HasLedger: the system can share memory between processes.
const HasLedger = true

// newPage makes a file of memory of a ledger's size, to be enlarged up to whole. It has no name,
// and the ledger's room is taken now: a page that cannot be had later would end the worker by
// SIGBUS. An anonymous file comes first, since /dev/shm is 64 MiB in a container, and may be full
// or read-only.
func newPage(size int, whole int64) (f *os.File, err error) {
	for _, create := range []func() (*os.File, error){
		anonymous,
		func() (*os.File, error) { return nameless("/dev/shm") },
		func() (*os.File, error) { return nameless("") },
	} {
		if f, err = create(); err != nil {
			continue
		}
		if _, err = f.Write(make([]byte, size)); err == nil {
			seal(f, whole)
			return f, nil
		}
		_ = f.Close()
	}
	return nil, err
}

// nameless is a file that is gone from its folder.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "quartet-*")
	if err == nil {
		_ = os.Remove(f.Name())
	}
	return f, err
}

// MapShared maps a part of the file that this worker has inherited from its pool.
func MapShared(f *os.File, at int64, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), at, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

// UnmapShared ends what MapShared began.
func UnmapShared(mem []byte) {
	_ = syscall.Munmap(mem)
}
