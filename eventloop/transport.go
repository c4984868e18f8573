package eventloop

import (
	"errors"
	"net"
)

// transport moves the bytes of a connection. Its methods never wait, and are called with the
// connection locked, and not after close.
//
// There are two: socket, for sockets that the poller watches, and streamed, for every other
// net.Conn. What they promise is the same, so conn_*.go knows neither. A transport reports news by
// readyLocked and sentLocked, and its failure as an error of read or write, or by
// moveLocked(fails).
type transport interface {
	// read puts received data into p; more: there may be more of it. Its error is errWait when
	// nothing is there yet, io.EOF at the end of what the other side sends, else why the connection
	// has failed.
	read(p []byte) (n int, more bool, err error)
	// look is a read that takes nothing: a nil error means that data waits.
	look() error
	// write takes as much of p as it can send at once.
	write(p []byte) (n int, err error)
	// flush has the connection's queued data sent when that becomes possible.
	flush()
	// shut tells the other side that nothing more comes. Nothing is queued.
	shut()
	// farewell ends the connection in order. Where that takes its time it reports false, and moves
	// the connection by empties later.
	farewell() (done bool)
	// finite reports that nothing can arrive any more that has not arrived: it is asked after a
	// failure.
	finite() bool
	// close closes the net.Conn at once.
	close()
	// reset has close reset the connection, where there is such a thing.
	reset()
	// netConn returns the net.Conn for its options.
	netConn() net.Conn
	// settled reports that no goroutine works for the connection.
	settled() bool
}

// errWait is returned by a transport that would have to wait.
var errWait = errors.New("eventloop: would wait")
