package procpool

import (
	"io"
	"net"
	"sync"
	"time"
)

// replicaListener is what a service accepts on. It can pause before the service hears that it is to
// end: then the server has time to answer the connections that it has just accepted. A server that
// stops may cut these: net/http closes a connection whose first request it reads after Shutdown has
// begun. It also counts connections, since a server may miss the one that Accept returns while it
// stops.
type replicaListener struct {
	net.Listener
	over func() // once: nothing more is accepted

	// mu guards the fields below. It is not held while Accept waits.
	mu sync.Mutex
	// Accept moves a connection from pending to conns in one step, so that none is overlooked in
	// between.
	paused  bool
	ended   chan struct{}      // closed by Close
	conns   map[*conn]struct{} // that are open
	pending int                // calls of Accept
	changed chan struct{}      // closed when one of these changes; nil: nobody waits
}

func newReplicaListener(l net.Listener) *replicaListener {
	r := &replicaListener{Listener: l, ended: make(chan struct{}), conns: make(map[*conn]struct{})}
	r.over = sync.OnceFunc(func() { close(r.ended) })
	return r
}

// Accept implements net.Listener. While the listener is paused it waits for Close. A server would
// take the timeout that pause causes for an error of the network, and try again. net.ErrClosed is
// the end that it expects.
func (l *replicaListener) Accept() (net.Conn, error) {
	l.update(func() { l.pending++ })
	accepted, err := l.Listener.Accept()
	if err != nil {
		paused := false
		l.update(func() { l.pending--; paused = l.paused })
		if paused {
			<-l.ended
			err = net.ErrClosed
		}
		return nil, err
	}
	c := &conn{Conn: accepted, of: l}
	l.update(func() { l.pending--; l.conns[c] = struct{}{} })
	return c, nil
}

// Close implements net.Listener. The service and runReplica both call it.
func (l *replicaListener) Close() error {
	l.over()
	return l.Listener.Close()
}

// pause has nothing more accepted. paused is set first, so that an Accept which the deadline ends
// finds it. The deadline is kept by this process, and does not reach the other replicas' accepts on
// the same socket.
func (l *replicaListener) pause() {
	l.update(func() { l.paused = true })
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(time.Now())
	}
}

// update changes the state, and wakes who waits.
func (l *replicaListener) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// await waits until is, which looks under the lock, says so, or most has passed. The channel is
// made in the section of the look, so that no change falls between look and wait. most 0: it waits
// without end.
func (l *replicaListener) await(most time.Duration, is func() bool) {
	var over <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		over = timer.C
	}
	for {
		l.mu.Lock()
		if is() {
			l.mu.Unlock()
			return
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-over:
			return
		}
	}
}

// answeredLocked reports whether all connections have been answered, or begun to be. Once the
// listener is paused, pending 0 means that no other connection comes.
func (l *replicaListener) answeredLocked() bool {
	for c := range l.conns {
		if !c.answered {
			return false
		}
	}
	return l.pending == 0
}

// dropSilent closes the connections on which nothing has come: their clients lose nothing. Close
// takes the lock, so the connections are collected first.
func (l *replicaListener) dropSilent() {
	l.mu.Lock()
	var silent []*conn
	for c := range l.conns {
		if !c.heard {
			silent = append(silent, c)
		}
	}
	l.mu.Unlock()
	for _, c := range silent {
		_ = c.Close()
	}
}

// quietLocked reports whether no connection is open, and none comes.
func (l *replicaListener) quietLocked() bool { return len(l.conns) == 0 && l.pending == 0 }

// conn is a connection that a replicaListener has accepted. It has the optional methods that
// servers look for, since embedding net.Conn hides those of the connection. read and wrote keep the
// lock from being taken for each call.
type conn struct {
	net.Conn
	of          *replicaListener
	read, wrote sync.Once

	heard, answered bool // something was read, was written; guarded by the listener's lock
}

// written notes that the answer begins. It is called before the write, which may block on a slow
// client.
func (c *conn) written() { c.wrote.Do(func() { c.of.update(func() { c.answered = true }) }) }

// Read implements net.Conn.
func (c *conn) Read(data []byte) (n int, err error) {
	n, err = c.Conn.Read(data)
	if n > 0 {
		c.read.Do(func() { c.of.update(func() { c.heard = true }) })
	}
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(data []byte) (int, error) {
	c.written()
	return c.Conn.Write(data)
}

// ReadFrom implements io.ReaderFrom, so that a TCP connection may send a file without copying it.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	c.written()
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite closes the writing side, where the connection has one.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// NetConn returns the connection itself, as tls.Conn's does.
func (c *conn) NetConn() net.Conn { return c.Conn }

// Close implements net.Conn.
func (c *conn) Close() error {
	defer c.of.update(func() { delete(c.of.conns, c) })
	return c.Conn.Close()
}
