//go:build !linux

package gil

import (
	"os"
	"time"
)

// bell wakes one goroutine.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) wait() { <-b }

func (b bell) ring() { b <- struct{}{} }

func nap(d time.Duration) { time.Sleep(d) }

// kernel is a call of the kernel that does next to nothing.
func kernel() { os.Getppid() }
