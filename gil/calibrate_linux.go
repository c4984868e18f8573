package gil

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// The operations of a futex that is the process's own.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// bell wakes one thread.
type bell struct{ rung *atomic.Uint32 }

func newBell() bell { return bell{new(atomic.Uint32)} }

func (b bell) wait() {
	for !b.rung.CompareAndSwap(1, 0) {
		futex(b.rung, futexWait, 0, nil)
	}
}

func (b bell) ring() {
	b.rung.Store(1)
	futex(b.rung, futexWake, 1, nil)
}

// nap waits for d as a thread does that waits for a lock with a timeout.
func nap(d time.Duration) {
	until := syscall.NsecToTimespec(int64(d))
	futex(new(atomic.Uint32), futexWait, 0, &until)
}

func futex(word *atomic.Uint32, op, value uintptr, timeout *syscall.Timespec) {
	_, _, _ = syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), op, value, uintptr(unsafe.Pointer(timeout)), 0, 0)
}

// kernel is a call of the kernel that does next to nothing.
func kernel() { _, _, _ = syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0) }
