package proc

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	// Numbers of Linux, which package syscall does not have.
	prGetChildSubreaper = 37
	pPGID               = 2
)

// adopts reports whether orphans become children of this process: it is the first one of a
// container, or a subreaper. Elsewhere orphans go to another process, and waiting for them here
// would only give errors.
func adopts() bool {
	if os.Getpid() == 1 {
		return true
	}
	var is int32
	_, _, errno := syscall.Syscall(syscall.SYS_PRCTL, prGetChildSubreaper, uintptr(unsafe.Pointer(&is)), 0)
	return errno == 0 && is != 0
}

// How long ReapGroup waits for processes that were killed.
const (
	// Half a second: killed processes end at once, unless the kernel keeps them in a system call.
	// One that takes longer stays as a zombie.
	reapTries = 50
	reapEvery = 10 * time.Millisecond
)

// ReapGroup waits for what a dead worker had started, where that has become this process's own
// child and would stay as a zombie. The group was killed, and its leader has been waited for. While
// members of it are left, its number is no other's.
//
// It waits for this group alone. A wait for any child would take the exit code of processes that
// other packages of the program have started.
func ReapGroup(pgid int) {
	if !adopts() {
		return
	}
	for range reapTries {
		pid, err := syscall.Wait4(-pgid, nil, syscall.WNOHANG, nil)
		switch {
		// One was reaped, or nothing has been learnt: again at once.
		case err == syscall.EINTR || pid > 0:
		case err != nil:
			return
		default:
			time.Sleep(reapEvery)
		}
	}
}

// ReapOrphans waits for ended processes in the group of a living worker whose own parent has ended,
// for the first one only.
//
// The pool's care calls it for each worker at each look, so one process in a call is enough. The
// worker itself must never be reaped here: cmd.Wait needs its exit code. That is why WNOWAIT looks
// first who it is.
func ReapOrphans(pgid int) {
	if !adopts() {
		return
	}
	// The beginning of siginfo_t: on 64 bits the union with the process's number is aligned to 8
	// bytes.
	var info struct {
		signo, errno, code int32
		_                  [unsafe.Sizeof(uintptr(0)) - 4]byte
		pid                int32
		_                  [128]byte
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPGID, uintptr(pgid), uintptr(unsafe.Pointer(&info)),
		syscall.WEXITED|syscall.WNOHANG|syscall.WNOWAIT, 0, 0)
	if errno == 0 && info.pid != 0 && int(info.pid) != pgid {
		_, _ = syscall.Wait4(int(info.pid), nil, syscall.WNOHANG, nil)
	}
}
