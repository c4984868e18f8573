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
//
// An error of the last way is returned, and NewPipes ignores it: without a ledger the pool works,
// with one task at a time in each worker. The pool holds the file open, so the ledger can be read
// after the worker's death.
func newPage(size int, whole int64) (f *os.File, err error) {
	for _, create := range []func() (*os.File, error){
		anonymous,
		func() (*os.File, error) { return nameless("/dev/shm") },
		func() (*os.File, error) { return nameless("") },
	} {
		if f, err = create(); err != nil {
			continue
		}
		// Writing takes the memory, where ftruncate would only promise it.
		if _, err = f.Write(make([]byte, size)); err == nil {
			seal(f, whole)
			return f, nil
		}
		_ = f.Close()
	}
	return nil, err
}

// nameless is a file that is gone from its folder. It is removed at once, so no crash of the pool
// leaves it behind. CreateTemp makes it for this user alone.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "quartet-*")
	if err == nil {
		_ = os.Remove(f.Name())
	}
	return f, err
}

// MapShared maps a part of the file that this worker has inherited from its pool. at is a multiple
// of the page size. The mapping is shared with the pool's process, or, in the pool, with the
// worker's: stores of one become visible to the other. It stays when f is closed.
func MapShared(f *os.File, at int64, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), at, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

// UnmapShared ends what MapShared began. Nobody may use mem after that: it would be a fault of
// memory, which ends the process.
func UnmapShared(mem []byte) {
	_ = syscall.Munmap(mem)
}
