package procpool

import (
	"os"
	"syscall"
	"unsafe"
)

const (
	executableLink = "/proc/self/exe" // the running file, also when another has taken its name
	pPID           = 1
)

func executable() (string, error) {
	if _, err := os.Stat(executableLink); err == nil {
		return executableLink, nil
	}
	return os.Executable()
}

// awaitExit returns when the process has ended, and leaves it to be waited for: until then its number, and its group's,
// are its own.
func awaitExit(p *os.Process, _ <-chan struct{}) {
	var info [128]byte
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(p.Pid), uintptr(unsafe.Pointer(&info)),
			syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}
