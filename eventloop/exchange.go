//go:build !(js && wasm)

package eventloop

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/task"
)

// exchange is one request and its answer: the loop's task, and the ResponseWriter that its handler
// gets. Three kinds of goroutine meet here. The task never blocks: it hands what may block to
// net/http's goroutine, which serves the exchange until the task has ended. Any other goroutine
// blocks by itself.
//
// The life of an exchange: net/http's goroutine submits the task and serves ops. The task runs the
// handler, and ends by over, which closes ops. net/http's goroutine then waits for all who still
// use the writer (users), sends the buffer, and returns; only now may net/http reuse the
// writer.
type exchange struct {
	loop    *Loop
	handler http.Handler
	w       http.ResponseWriter // net/http's
	r       *http.Request
	node    *task.Node
	ctx     context.Context // the task's
	ops     chan *op        // for net/http's goroutine; closed when the task has ended
	refused error
	end     fiber.Captured
	upload  atomic.Bool // counted among the loop's uploads

	// mu guards busy and ended: whether net/http's goroutine may be given another op, or has to
	// return. Under it nothing waits: ops has room whenever busy is false.
	mu    sync.Mutex
	busy  bool           // net/http's goroutine runs an op, or one is on its way
	ended bool           // the handler has returned
	users sync.WaitGroup // calls of the ResponseWriter that are under way; none begins once ended is set
	guard guard

	// Of whoever writes the answer: one goroutine at a time, as net/http demands.
	wrote    bool // the header
	status   int
	declared int64 // Content-Length, or -1
	written  int64
	buf      []byte
	err      error
	overrun  atomic.Bool // see limited
}

var _ quartet.Task = (*exchange)(nil)

// op is something that may block, and the task that waits for its end. A panic or Goexit of fn is
// kept in end, and is the task's.
//
// One op of an exchange is on its way to net/http's goroutine at a time; others have goroutines of
// their own.
type op struct {
	fn   func()
	end  fiber.Captured
	wait *wait
}

// run is called on net/http's goroutine, or on one of its own. before comes first of the two, so
// that a task which goes on finds net/http's goroutine free for its next op.
func (o *op) run(before func()) {
	defer o.wait.wake(resumed, false)
	defer before()
	o.end.Run(o.fn)
}

// serve is what net/http's goroutine does until nobody uses the ResponseWriter any more. (HTTP/2
// takes it apart when the handler returns.) So the guard and the users are waited for first. The
// handler's panic is repeated before the flush: net/http then aborts the answer, as it does for a
// handler of its own.
func (x *exchange) serve() {
	x.serveTask()
	x.guard.join()
	x.users.Wait()
	if x.refused != nil {
		x.refuse(x.refused)
		return
	}
	x.tellTooLarge()
	defer func() {
		if p, ok := recover().(*quartet.PanicError); ok {
			// net/http compares with ==, so the wrapper has to come off.
			if p.Value == http.ErrAbortHandler {
				panic(p.Value)
			}
			panic(p)
		}
	}()
	x.end.Repeat()
	x.flushBuf()
}

// serveTask runs the task's ops until the task has ended. If the client goes away before the task
// has started, the task never starts. (The loop would watch the context for that, too, but pays
// more for it than for the task.)
func (x *exchange) serveTask() {
	gone := x.r.Context().Done()
	for {
		select {
		case o, ok := <-x.ops:
			if !ok {
				return
			}
			o.run(x.rest)
		case <-gone:
			// Once is enough: a task that had started ends by its context, and closes ops.
			gone = nil
			x.node.Abandon(context.Cause(x.r.Context()))
		}
	}
}

// rest lets net/http's goroutine have the next op.
func (x *exchange) rest() {
	x.mu.Lock()
	x.busy = false
	x.mu.Unlock()
}

// Run is the task. end catches a panic or Goexit of the handler, so that the loop sees a task that
// returned; serve repeats it on net/http's goroutine. over is deferred, so it comes after all of
// it, and ends what net/http's goroutine waits for.
func (x *exchange) Run(ctx context.Context) {
	defer x.over()
	x.ctx = ctx
	r := x.r.WithContext(ctx)
	// A request without a body needs no wrapper.
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &body{x: x, ReadCloser: r.Body}
	}
	// The handler gets this exchange as its ResponseWriter, and a request whose context and body
	// are the task's.
	x.end.Run(func() { x.handler.ServeHTTP(x, r) })
}

// Abandon is for a task that never starts.
func (x *exchange) Abandon(cause error) {
	x.refused = cause
	x.over()
}

// over ends the exchange for the loop. The guard stops here, before the end of the task ends its
// context.
func (x *exchange) over() {
	x.endUpload()
	x.guard.stop()
	x.mu.Lock()
	x.ended = true
	close(x.ops)
	x.mu.Unlock()
}

// do runs fn, which may block, as its caller can wait: a task of the loop is suspended meanwhile;
// any other goroutine runs fn itself. It does not end early with the context, since fn works on the
// caller's memory: the guard ends fn.
func (x *exchange) do(fn func()) {
	x.guard.watch(x)
	caller := x.loop.caller()
	if caller == nil {
		fn()
		return
	}
	o := &op{fn: fn}
	_ = (*run)(caller).suspend(context.Background(), func(w *wait) {
		o.wait = w
		x.hand(o)
	}, nil)
	o.end.Repeat()
}

// hand gives o to net/http's goroutine. Where that is busy or gone (other tasks of the loop use the
// exchange too), o gets a goroutine of its own: a write must not wait for a read. busy and ended
// are read and ops is sent to in one section, so no op is sent to a closed channel.
func (x *exchange) hand(o *op) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.busy || x.ended {
		// The end of the Run waits for this goroutine, as for those of Block.
		x.loop.blocking.running.Go(func() { o.run(func() {}) })
		return
	}
	x.busy = true
	x.ops <- o
}

// use keeps the ResponseWriter whole until done is called. It reports false when the handler has
// returned. Add and the look at ended are one section with over: after that, serve's Wait sees
// every user. Each method of the ResponseWriter begins with it and ends with done.
func (x *exchange) use() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.ended {
		x.users.Add(1)
	}
	return !x.ended
}

func (x *exchange) done() { x.users.Done() }

// guard ends what net/http waits for when the task's context ends. It watches from the first time
// that something may block: most requests need none. Deadlines in the past are the only means that
// end a Read or Write of net/http from outside.
type guard struct {
	// mu guards the fields below. The context's callback runs beside the task, so stop and the
	// callback agree here on who was first.
	mu     sync.Mutex
	unset  func() bool
	fired  chan struct{} // closed when the callback has returned
	begun  bool          // the context ended before stop
	closed bool
}

// watch begins the watch, once: before that, nothing of the exchange can block.
func (g *guard) watch(x *exchange) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unset != nil || g.closed {
		return
	}
	fired := make(chan struct{})
	g.fired, g.unset = fired, context.AfterFunc(x.ctx, func() {
		defer close(fired)
		past := time.Unix(1, 0)
		rc := http.NewResponseController(x.w)
		_ = rc.SetReadDeadline(past)
		_ = rc.SetWriteDeadline(past)
	})
}

// stop ends the watch, and does not wait.
func (g *guard) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed = true
		g.begun = g.unset != nil && !g.unset()
	}
}

// reopen undoes stop. A Hijack that net/http has refused leaves the connection with the exchange.
func (g *guard) reopen() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.unset, g.begun = false, nil, false
}

// join waits for a callback that has begun. Call it after stop. begun is read without the lock:
// stop has written it before, in the same goroutine, or before it closed ops. The callback sets
// deadlines of the request's connection, so net/http must not go on before it has returned.
func (g *guard) join() {
	if g.begun {
		<-g.fired
	}
}
