//go:build unix

package proc

import (
	"os"
	"os/signal"
	"syscall"
)

// OutliveSignals keeps a worker alive that gets a signal which was meant for its whole group or
// cgroup: its parent ends it in order. The signals are handled, and not ignored, since what a
// worker starts would inherit that. Nobody reads the channel: Notify drops signals that find it
// full.
func OutliveSignals() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
}
