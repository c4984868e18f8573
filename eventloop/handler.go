//go:build !(js && wasm)

package eventloop

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Handler returns an http.Handler that runs h on the loop, each request as a task: state that
// handlers share needs no mutex. A handler that waits (with Await, Sleep or Block, for its body, or
// for the client to take the answer) lets others run. The request's context is the task's: it ends
// when the client goes away, and when the loop is closed.
//
// The answer is gathered up to 4 KiB, or until Flush. Reading the body and sending the answer
// suspend the task; net/http's own goroutine does them. The writer is a Flusher and a Hijacker.
// Goroutines that a handler's libraries start (those of http.Client and httputil.ReverseProxy, for
// example) may read the body and write the answer, under net/http's rules: they block, and the loop
// goes on. A library that waits on the handler's own goroutine, as ReverseProxy does for its
// upstream, keeps the loop: call it in [quartet.Block].
//
//	proxy := eventloop.Handler(loop, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		_ = quartet.Block(r.Context(), func() { reverse.ServeHTTP(w, r) })
//	}))
//
// The answer is 503 when the loop is being stopped, when Config.Uploads requests have a body that
// is not read yet, and when the loop has had no room for the task for a second. A panic of h goes
// on in net/http, with its own stack.
func Handler(l *Loop, h http.Handler) http.Handler {
	l.made()
	if h == nil {
		panic("eventloop: Handler of a nil http.Handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if within := task.Within(r.Context(), &l.in); within != nil && l.caller() == within {
			h.ServeHTTP(w, r) // in another Handler of this loop
			return
		}
		// ops has room for one, so that the task hands over without waiting; busy bounds it to one.
		x := &exchange{loop: l, handler: h, w: w, r: r, declared: -1, ops: make(chan *op, 1)}
		if err := x.submit(); err != nil {
			x.refuse(err)
			return
		}
		x.serve()
	})
}

// roomWait is how long a request waits for the loop to have room. A client would rather have a 503
// soon than an answer that nobody waits for any more.
const roomWait = time.Second

// submit gives the exchange to the loop, or says why not. The first try does not wait: where there
// is room, the request costs no timer and no second context.
func (x *exchange) submit() error {
	if x.r.Body != nil && x.r.ContentLength != 0 && !x.beginUpload() {
		return quartet.ErrSaturated
	}
	x.node = task.Of(x.r.Context(), x)
	err := x.loop.in.TrySubmitWatched(x.node)
	if errors.Is(err, quartet.ErrSaturated) {
		err = x.waitForRoom()
	}
	if err != nil {
		x.endUpload()
	}
	return err
}

// waitForRoom blocks net/http's goroutine, which has nothing else to do. The cause tells a refusal
// for want of room from a client that went away.
func (x *exchange) waitForRoom() error {
	ctx, giveUp := context.WithCancelCause(x.r.Context())
	patience := time.AfterFunc(roomWait, func() { giveUp(quartet.ErrSaturated) })
	defer patience.Stop()
	x.node = task.Of(ctx, x)
	return x.loop.in.SubmitNode(x.node)
}

// beginUpload counts a request whose body is to be read. It reports false when there are too many.
// (Added first and taken back: two requests that compare before they add could both pass the
// bound.)
func (x *exchange) beginUpload() bool {
	if x.loop.uploads.Add(1) > int64(x.loop.cfg.Uploads) {
		x.loop.uploads.Add(-1)
		return false
	}
	x.upload.Store(true)
	return true
}

// endUpload is idempotent: the body has been read, or nobody will read it.
func (x *exchange) endUpload() {
	if x.upload.CompareAndSwap(true, false) {
		x.loop.uploads.Add(-1)
	}
}

// refuse answers for a handler that has not run. It is called on net/http's goroutine, before
// anything was written.
func (x *exchange) refuse(err error) {
	if errors.Is(err, quartet.ErrSaturated) {
		x.w.Header().Set("Retry-After", "1")
	}
	http.Error(x.w, err.Error(), http.StatusServiceUnavailable)
}
