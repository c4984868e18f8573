package task

import "runtime"

// maxThreadLocks is how many locks of its thread a task may leave behind. Nothing tells how many
// there are, and one that finds none costs a nanosecond. A task that locks its thread more often
// leaves the next one bound to it.
const maxThreadLocks = 4

// UnlockThread unlocks the thread of the calling goroutine in place of a task that has forgotten
// it, so that the next task is not bound to it. A task that calls LockOSThread in a pool cannot
// keep it: the next task of the worker is another's.
func UnlockThread() {
	for range maxThreadLocks {
		runtime.UnlockOSThread()
	}
}
