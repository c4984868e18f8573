//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package eventloop

// transportOf returns the transport of a connection that is locked.
func (*Loop) transportOf(c *Conn) transport { return streamedLocked(c) }

// poller is what only some systems have.
type poller struct{}

func (*poller) due() bool { return false }
func (*poller) poll()     {}
func (*poller) rest()     {}
