//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"io"
	"net"
	"os"
	"syscall"
)

// socket is the transport of a TCP or Unix socket, which the loop's poller watches: no goroutine
// and no buffer waits for it. Its descriptor is used with the connection locked and before close
// only, so that it is never another one's.
//
// All calls of the system on fd are non-blocking: the Go runtime has set the socket so, and a
// duplicate shares that.
type socket struct {
	c    *Conn
	fd   int
	view net.Conn // of the same socket, for NetConn; nil: nobody has asked
}

// descriptorOf returns the descriptor of nc if nc is exactly a stream socket of the net package. A
// type that wraps one may do more, so it gets no descriptor. TLS, for one, must not be read from
// below.
func descriptorOf(nc net.Conn) (fd int, ok bool) {
	var sc syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		sc = nc
	case *net.UnixConn:
		if nc.LocalAddr().Network() != "unix" {
			return 0, false
		}
		sc = nc
	default:
		return 0, false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(d uintptr) { fd = int(d) })
	return fd, err == nil
}

// transportOf returns the transport of a connection that is locked.
//
// A socket gets a descriptor of its own, and nc is closed: as long as nc is open, the Go runtime
// looks at each of its packets too, which costs processor time for nothing, and it takes twice the
// memory.
func (l *Loop) transportOf(c *Conn) transport {
	fd, ok := descriptorOf(c.nc)
	if !ok {
		return streamedLocked(c)
	}
	own, err := duplicate(fd)
	if err != nil {
		return streamedLocked(c)
	}
	if err := l.poller.add(own, c); err != nil {
		_ = syscall.Close(own)
		return streamedLocked(c)
	}
	_ = c.nc.Close() // it still knows its addresses
	return &socket{c: c, fd: own}
}

// duplicate returns another descriptor of the same socket. Under ForkLock, since a program that is
// started between the two calls would inherit the descriptor, and keep the connection open.
func duplicate(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	own, err := syscall.Dup(fd)
	if err == nil {
		syscall.CloseOnExec(own)
	}
	return own, err
}

// read reports more if p was filled: only then may the system have more without reporting it.
func (s *socket) read(p []byte) (n int, more bool, err error) {
	for {
		n, err = syscall.Read(s.fd, p)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, false, errWait
		case err != nil:
			return 0, false, os.NewSyscallError("read", err)
		case n == 0:
			return 0, false, io.EOF
		default:
			return n, n == len(p), nil
		}
	}
}

// look peeks at one byte, which stays in the system's buffer.
func (s *socket) look() error {
	var p [1]byte
	for {
		n, _, err := syscall.Recvfrom(s.fd, p[:], syscall.MSG_PEEK)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return errWait
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return io.EOF
		default:
			return nil
		}
	}
}

// write makes one call. A short write means that the socket is full, so the poller will report new
// room. It is returned at once: another call would only say EAGAIN.
func (s *socket) write(p []byte) (n int, err error) {
	for n < len(p) {
		wrote, err := syscall.Write(s.fd, p[n:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return n, nil
		case err != nil:
			return n, os.NewSyscallError("write", err)
		default:
			n += wrote
			return n, nil
		}
	}
	return n, nil
}

// flush has nothing to do: the poller says when there is room.
func (s *socket) flush() {}

// Its error says that the other side has gone, which a read will find.
func (s *socket) shut() { _ = syscall.Shutdown(s.fd, syscall.SHUT_WR) }

// farewell is nothing: the system sends all queued data, and then FIN.
func (s *socket) farewell() (done bool) { return true }

// finite: the system keeps the data that had arrived, and a failed socket receives nothing more.
func (s *socket) finite() bool { return true }

// close is called locked, once. The poller forgets fd before it is closed: the number may be
// another connection's at once, in another goroutine.
func (s *socket) close() {
	s.c.loop.poller.remove(s.fd)
	if s.view != nil {
		_ = s.view.Close()
	}
	_ = syscall.Close(s.fd)
}

func (s *socket) settled() bool { return true }

// reset has the system reset the connection when it is closed.
func (s *socket) reset() {
	_ = syscall.SetsockoptLinger(s.fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
}

// netConn returns a net.Conn with a descriptor of its own, for options of the socket.
func (s *socket) netConn() net.Conn {
	if s.view == nil {
		s.view = s.newView()
	}
	return s.view
}

// It costs a third descriptor while file is open, for a moment.
func (s *socket) newView() net.Conn {
	if fd, err := duplicate(s.fd); err == nil {
		file := os.NewFile(uintptr(fd), "")
		defer file.Close()
		if view, err := net.FileConn(file); err == nil {
			return view
		}
	}
	return s.c.nc // its options fail, as those of a closed connection do
}
