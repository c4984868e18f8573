//go:build !(js && wasm)

package eventloop

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strconv"
)

// gather is how much of an answer is gathered before it is sent. Each hand-over to net/http's
// goroutine is two switches, so small writes share one.
const gather = 4 << 10

// errReturned is for goroutines that write when the exchange is over.
var errReturned = errors.New("eventloop: the handler has returned")

// Header returns the answer's header.
func (x *exchange) Header() http.Header {
	if !x.use() {
		return http.Header{}
	}
	defer x.done()
	return x.w.Header()
}

// WriteHeader fixes the header. One that only informs is sent at once.
func (x *exchange) WriteHeader(code int) {
	if !x.use() {
		return
	}
	defer x.done()
	x.writeHeader(code)
}

// writeHeader does not leave the loop for an ordinary header: net/http only notes it, and sends it
// with the first bytes. One that only informs (103, say) is written to the connection at once,
// which may block.
func (x *exchange) writeHeader(code int) {
	if code < 200 && code != http.StatusSwitchingProtocols {
		x.do(func() { x.w.WriteHeader(code) })
		return
	}
	if !x.wrote {
		x.wrote, x.status = true, code
		if n, err := strconv.ParseUint(x.w.Header().Get("Content-Length"), 10, 63); err == nil {
			x.declared = int64(n)
		}
		x.tellTooLarge()
	}
	x.w.WriteHeader(code)
}

// Write buffers p, and sends the buffer when it is full.
func (x *exchange) Write(p []byte) (int, error) { return write(x, p) }

// WriteString is Write.
func (x *exchange) WriteString(s string) (int, error) { return write(x, s) }

// write is Write and WriteString. The error of an earlier flush is this write's, since nobody
// waited then.
func write[T []byte | string](x *exchange, p T) (int, error) {
	if !x.use() {
		return 0, errReturned
	}
	defer x.done()
	if err := x.allow(len(p)); err != nil {
		return 0, err
	}
	if len(x.buf)+len(p) <= gather {
		x.buf = append(x.buf, p...)
		return len(p), nil
	}
	x.do(func() {
		x.flushBuf()
		if len(p) <= gather {
			x.buf = append(x.buf, p...)
		} else if x.err == nil {
			_, x.err = x.w.Write([]byte(p))
		}
	})
	if x.err != nil {
		return 0, x.err
	}
	return len(p), nil
}

// allow fixes the header, and returns the error that net/http has for n more bytes. (It would come
// too late from net/http, which sees them when they are sent.) written counts what the handler has
// given, also what still lies in buf.
func (x *exchange) allow(n int) error {
	if !x.wrote && x.err == nil {
		x.writeHeader(http.StatusOK)
	}
	switch x.written += int64(n); {
	case n == 0 || x.err != nil:
		return x.err
	case x.status < 200 || x.status == http.StatusNoContent || x.status == http.StatusNotModified:
		return http.ErrBodyNotAllowed
	case x.declared >= 0 && x.written > x.declared:
		return http.ErrContentLength
	}
	return nil
}

// flushBuf may block. It runs on net/http's goroutine, or on the caller's if that is no task of the
// loop.
func (x *exchange) flushBuf() {
	if x.err == nil && len(x.buf) > 0 {
		_, x.err = x.w.Write(x.buf)
	}
	x.buf = x.buf[:0]
}

// FlushError sends the buffer, and the header if the buffer is empty.
func (x *exchange) FlushError() (err error) {
	if !x.use() {
		return errReturned
	}
	defer x.done()
	if err := x.allow(0); err != nil {
		return err
	}
	x.do(func() {
		if x.flushBuf(); x.err == nil {
			err = http.NewResponseController(x.w).Flush()
		}
	})
	if x.err != nil {
		return x.err
	}
	return err
}

// Flush implements http.Flusher.
func (x *exchange) Flush() { _ = x.FlushError() }

// Hijack implements http.Hijacker. The connection is its caller's from then on, also after the
// handler has returned and when the loop is closed; [Loop.Attach] takes it. HTTP/2 has none to
// give: the error is http.ErrNotSupported.
func (x *exchange) Hijack() (nc net.Conn, rw *bufio.ReadWriter, err error) {
	if !x.use() {
		return nil, nil, errReturned
	}
	defer x.done()
	if x.err != nil {
		return nil, nil, x.err
	}
	x.do(func() {
		x.guard.stop() // it would set the deadlines of somebody else's connection
		x.guard.join()
		// The part of p that is left over begins the next buffer, unless it is longer than one.
		x.flushBuf()
		if nc, rw, err = http.NewResponseController(x.w).Hijack(); err == nil {
			x.err = http.ErrHijacked
		} else {
			x.guard.reopen()
		}
	})
	return nc, rw, err
}

// Unwrap lets an http.ResponseController reach the server's own writer.
func (x *exchange) Unwrap() http.ResponseWriter { return x.w }
