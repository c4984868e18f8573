//go:build !(js && wasm)

package eventloop

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
)

// body is the request's. Any goroutine may read and close it, also after the handler has returned.
// A body that is read to its end, fails or is closed frees its place among Config.Uploads.
//
// It wraps net/http's body, and is the Body of the handler's request.
type body struct {
	x *exchange
	io.ReadCloser
	atEnd atomic.Bool // it was read to its end, and its user has not closed it
}

// Read has net/http's goroutine read, and the task suspended meanwhile. p is the task's memory, so
// it is not touched by anybody else until the read has ended.
//
// net/http closes the body before it sends the header, and then forgets that it was at its end. So
// the end is kept here.
func (b *body) Read(p []byte) (n int, err error) {
	if b.atEnd.Load() {
		return 0, io.EOF
	}
	b.x.do(func() { n, err = b.ReadCloser.Read(p) })
	b.x.overrun.Store(n == len(p) && n > 0 && (err == nil || cap(p) > n) && limited())
	if err != nil {
		b.atEnd.Store(err == io.EOF)
		b.x.endUpload()
	}
	return n, err
}

// Closing may read the rest of the request, which blocks: so it is an op too.
func (b *body) Close() (err error) {
	b.atEnd.Store(false)
	b.x.do(func() { err = b.ReadCloser.Close() })
	b.x.endUpload()
	return err
}

// limited reports whether http.MaxBytesReader is among the callers. It asks for one byte more than
// it may give; getting that byte, it tells the ResponseWriter, by a method that only net/http can
// have, and reads no further. So a limited read that got all it asked for, and was the last one, is
// taken for one beyond the limit: the connection ends with this answer, and what the client still
// sends is not read. A handler that stopped by itself there loses no more than that.
func limited() bool {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if frame.Function == "net/http.(*maxBytesReader).Read" {
			return true
		}
	}
	return false
}

// tellTooLarge tells net/http that the body is beyond its limit, in the only way there is: by
// exceeding one.
func (x *exchange) tellTooLarge() {
	if x.overrun.Load() {
		_, _ = http.MaxBytesReader(x.w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
	}
}
