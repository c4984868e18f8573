//go:build linux || darwin || freebsd || netbsd || dragonfly

package procpool

import (
	"os"
	"syscall"
)

// newPage makes the file of a ledger. It has no name, and its room is taken now: a page that cannot be had later would
// end the worker by SIGBUS.
func newPage() (*os.File, error) {
	dir := "/dev/shm" // memory, where the system has it
	if _, err := os.Stat(dir); err != nil {
		dir = ""
	}
	f, err := os.CreateTemp(dir, "quartet-*")
	if err != nil && dir != "" {
		f, err = os.CreateTemp("", "quartet-*")
	}
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	if _, err := f.Write(make([]byte, pageSize)); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// mapPage is the worker's side.
func mapPage(fd uintptr) (page, error) {
	mem, err := syscall.Mmap(int(fd), 0, pageSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	_ = syscall.Close(int(fd))
	return page{mem}, err
}
