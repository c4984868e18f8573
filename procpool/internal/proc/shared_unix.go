//go:build unix

package proc

import (
	"fmt"
	"os"
	"syscall"
)

// WriteShared writes data into the shared file at an offset. It asks for the limit of file sizes
// first: a write beyond that ends a process by SIGXFSZ. A limit or a full file system is an error
// here, after which bulk.Outbox sends bodies in frames. With a mapping the same would be a SIGBUS.
// WriteAt goes on after a short write by itself.
func WriteShared(f *os.File, data []byte, at int64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if end := at + int64(len(data)); uint64(limit.Cur) < uint64(end) {
		return fmt.Errorf("the limit of file sizes is %d", limit.Cur)
	}
	_, err := f.WriteAt(data, at)
	return err
}
