//go:build unix

package eventloop_test

import (
	"syscall"
	"testing"
)

// raiseDescriptorLimit skips the test where the system does not allow so many.
func raiseDescriptorLimit(t *testing.T, n int) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || uint64(limit.Cur) >= uint64(n) {
		return
	}
	if uint64(limit.Max) < uint64(n) {
		t.Skipf("the system allows %d descriptors, and this needs %d", limit.Max, n)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip("the limit of descriptors cannot be raised: ", err)
	}
}
