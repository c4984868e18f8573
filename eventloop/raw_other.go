//go:build !unix

package eventloop

import "net"

// rawConn is what only Unix has.
type rawConn struct{}

func rawOf(net.Conn) *rawConn { return nil }

func (*rawConn) read(*bufferPool) (*buffer, error) { panic("eventloop: no raw connections here") }

func (*rawConn) tryWrite([]byte) int { return 0 }
