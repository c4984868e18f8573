package proc

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"unsafe"
)

const (
	// So a worker is the program that runs, and not the one that a deployment has put in its place:
	// their compact codecs might differ.
	executableLink = "/proc/self/exe" // the running file, also when another has taken its name
	pPID           = 1
)

// Executable is the path of this program's file. The link is resolved by the child between fork and
// exec, in which /proc/self is still the same program.
func Executable() (string, error) {
	if KnowsItself() {
		return executableLink, nil
	}
	return started()
}

// KnowsItself reports whether a process can find its file, whatever it is called. False where /proc
// is not mounted, as in some sandboxes.
func KnowsItself() bool {
	_, err := os.Stat(executableLink)
	return err == nil
}

// started is the file that this program was started as, found while the program starts: there is no
// /proc to ask. A relative path would mean another file after os.Chdir.
var started = sync.OnceValues(func() (string, error) {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
})

// AwaitExit returns when the process has ended, and leaves it to be waited for: until then its
// number, and its group's, are its own. Where the system cannot wait so it returns when the worker
// has closed its pipe.
//
// cmd.Wait cannot be used first: it frees the number, and killing the group after it could hit a
// group of another program. WNOWAIT leaves a zombie, which keeps both numbers in use until the
// caller has killed the rest of the group.
func AwaitExit(p *os.Process, closed <-chan struct{}) {
	var info [128]byte
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(p.Pid), uintptr(unsafe.Pointer(&info)),
			syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		switch errno {
		case syscall.EINTR:
		case 0, syscall.ECHILD: // another has waited for it
			return
		// As in a sandbox that forbids the call.
		default:
			<-closed
			return
		}
	}
}
