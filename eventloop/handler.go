package eventloop

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
)

// Handler returns an http.Handler that runs h on the loop, each request as a task: what handlers share needs no mutex,
// and a handler that waits (with Await, Sleep or Block, for its body, or for the client to take the answer) lets others
// run. The request's context is the task's: it ends when the client goes away, and when the loop is closed. Where the
// loop refuses the task the answer is 503.
//
// Reading the body and sending the answer go on on net/http's own goroutine, while the task is suspended; an answer is
// gathered up to 4 KiB, or until Flush. A panic of h is net/http's to deal with, as ever, with the stack that it had. The
// Handler must not be called on the loop itself.
func Handler(l *Loop, h http.Handler) http.Handler {
	if l == nil || h == nil {
		panic("eventloop: Handler of a nil Loop or http.Handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{handler: h, w: w, r: r, ops: make(chan func(), 4), done: make(chan struct{})}
		if err := l.SubmitTask(r.Context(), x); err != nil {
			x.refuse(err)
			return
		}
		x.serve()
	})
}

// gather is how much of an answer is gathered before it is sent.
const gather = 4 << 10

// exchange is one request and its answer: the task, and the ResponseWriter that the task has.
type exchange struct {
	handler http.Handler
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	ops     chan func() // what net/http's goroutine does for the task
	done    chan struct{}
	refused error
	end     fiber.Captured

	wrote bool // the header
	buf   []byte
	err   error
}

var _ quartet.Task = (*exchange)(nil)

// serve is what net/http's goroutine does until the task has ended.
func (x *exchange) serve() {
	for ended := false; !ended; {
		select {
		case op := <-x.ops:
			op()
		case <-x.done:
			ended = true
		}
	}
	if x.refused != nil {
		x.refuse(x.refused)
		return
	}
	defer func() {
		if p, ok := recover().(*quartet.PanicError); ok {
			if p.Value == http.ErrAbortHandler {
				panic(p.Value)
			}
			panic(p)
		}
	}()
	x.end.Repeat()
	x.flushBuf()
}

func (x *exchange) refuse(err error) { http.Error(x.w, err.Error(), http.StatusServiceUnavailable) }

// Run is the task.
func (x *exchange) Run(ctx context.Context) {
	defer close(x.done)
	x.ctx = ctx
	defer context.AfterFunc(ctx, x.unblock)()
	r := x.r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &body{x, r.Body}
	}
	x.end.Run(func() { x.handler.ServeHTTP(x, r) })
}

// Abandon is for a task that never starts.
func (x *exchange) Abandon(cause error) {
	x.refused = cause
	close(x.done)
}

// unblock ends what net/http's goroutine may wait for when the task is cancelled.
func (x *exchange) unblock() {
	past := time.Unix(1, 0)
	rc := http.NewResponseController(x.w)
	_ = rc.SetReadDeadline(past)
	_ = rc.SetWriteDeadline(past)
}

// do suspends the task while fn runs on net/http's goroutine. It does not end early with the context, since fn works on
// what is the task's; unblock sees to it that fn ends.
func (x *exchange) do(fn func()) {
	var end fiber.Captured
	_ = quartet.Suspend(context.WithoutCancel(x.ctx), func(resume func()) {
		x.ops <- func() {
			defer resume()
			end.Run(fn)
		}
	})
	end.Repeat()
}

// body is the request's.
type body struct {
	x *exchange
	io.ReadCloser
}

func (b *body) Read(p []byte) (n int, err error) {
	b.x.do(func() { n, err = b.ReadCloser.Read(p) })
	return n, err
}

func (b *body) Close() (err error) {
	b.x.do(func() { err = b.ReadCloser.Close() })
	return err
}

// Header returns the header that the answer will have.
func (x *exchange) Header() http.Header { return x.w.Header() }

// WriteHeader fixes the header. One that only informs is sent at once.
func (x *exchange) WriteHeader(code int) {
	if code < 200 && code != http.StatusSwitchingProtocols {
		x.do(func() { x.w.WriteHeader(code) })
		return
	}
	x.wrote = true
	x.w.WriteHeader(code)
}

// Write gathers p, and sends what is gathered when it is enough.
func (x *exchange) Write(p []byte) (int, error) {
	if !x.wrote {
		x.WriteHeader(http.StatusOK)
	}
	if len(x.buf)+len(p) > gather {
		x.do(x.flushBuf)
	}
	if x.err == nil && len(p) > gather {
		x.do(func() { _, x.err = x.w.Write(p) })
	} else {
		x.buf = append(x.buf, p...)
	}
	if x.err != nil {
		return 0, x.err
	}
	return len(p), nil
}

// flushBuf runs on net/http's goroutine.
func (x *exchange) flushBuf() {
	if x.err == nil && len(x.buf) > 0 {
		_, x.err = x.w.Write(x.buf)
		x.buf = x.buf[:0]
	}
}

// FlushError sends what is gathered, and the header where nothing is.
func (x *exchange) FlushError() (err error) {
	if !x.wrote {
		x.WriteHeader(http.StatusOK)
	}
	x.do(func() {
		x.flushBuf()
		if err = x.err; err == nil {
			err = http.NewResponseController(x.w).Flush()
		}
	})
	return err
}

// Flush implements http.Flusher.
func (x *exchange) Flush() { _ = x.FlushError() }

// Unwrap lets an http.ResponseController reach what is underneath.
func (x *exchange) Unwrap() http.ResponseWriter { return x.w }
