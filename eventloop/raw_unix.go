//go:build unix

package eventloop

import (
	"io"
	"net"
	"os"
	"syscall"
)

// rawConn is a socket's descriptor: it is read when there is something to read, so that an idle connection holds no
// buffer, and written without waiting.
type rawConn struct {
	conn syscall.RawConn

	// Of the reader: what the function that is given to the descriptor works on, so that a read allocates nothing.
	pool   *bufferPool
	b      *buffer
	err    error
	readFn func(fd uintptr) bool

	// Of whoever has locked the connection.
	p       []byte
	n       int
	writeFn func(fd uintptr) bool
}

// rawOf returns nil for anything that is not exactly a socket of the net package: a type around one may do more.
func rawOf(nc net.Conn) *rawConn {
	var sc syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		sc = nc
	case *net.UnixConn:
		if nc.LocalAddr().Network() != "unix" {
			return nil
		}
		sc = nc
	default:
		return nil
	}
	conn, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	r := &rawConn{conn: conn}
	r.readFn, r.writeFn = r.readReady, r.writeReady
	return r
}

// read waits for something to read, and takes a buffer only then.
func (r *rawConn) read(pool *bufferPool) (*buffer, error) {
	r.pool, r.b, r.err = pool, nil, nil
	if err := r.conn.Read(r.readFn); err != nil {
		return nil, err
	}
	return r.b, r.err
}

func (r *rawConn) readReady(fd uintptr) bool {
	b := r.pool.get()
	for {
		n, err := syscall.Read(int(fd), b.bytes)
		switch {
		case err == syscall.EINTR:
			continue
		case n > 0:
			b.to, r.b = n, b
			return true
		}
		r.pool.put(b)
		switch err {
		case syscall.EAGAIN:
			return false
		case nil:
			r.err = io.EOF
		default:
			r.err = os.NewSyscallError("read", err)
		}
		return true
	}
}

// tryWrite returns how much of p the kernel has taken at once. An error is left to the next write that may wait.
func (r *rawConn) tryWrite(p []byte) int {
	r.p, r.n = p, 0
	_ = r.conn.Write(r.writeFn)
	r.p = nil
	return r.n
}

func (r *rawConn) writeReady(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), r.p)
		if err == syscall.EINTR {
			continue
		}
		r.n = max(n, 0)
		return true
	}
}
