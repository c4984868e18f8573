package httplimit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/quartet-go/quartet"
)

// New returns a middleware that runs each request as a task of r, within budget, the wait in the
// queue included; 0 is no limit. A request that is refused or waits for too long is answered by
// [Error]. The handler's panics are the server's, as without the middleware. A handler that goes on
// after its ctx has ended keeps its worker. It panics on a nil Runner and a negative budget.
func New(r quartet.Runner, budget time.Duration) func(http.Handler) http.Handler {
	if r == nil {
		panic("httplimit: New with a nil Runner")
	}
	if budget < 0 {
		panic(fmt.Sprintf("httplimit: New: the budget is negative: %v", budget))
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { serve(r, budget, next, w, req) })
	}
}

// began is written by the handler's goroutine and read after Run, which orders the two. An error of
// a handler that has begun is not answered: it has written its own answer.
func serve(r quartet.Runner, budget time.Duration, next http.Handler, w http.ResponseWriter, req *http.Request) {
	ctx := req.Context()
	if budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget)
		defer cancel()
	}
	began := false
	err := quartet.Run(ctx, r, func(ctx context.Context) error {
		began = true
		next.ServeHTTP(w, req.WithContext(ctx))
		return nil
	})
	if p, ok := errors.AsType[*quartet.PanicError](err); ok && began {
		panic(repanic(p))
	}
	if err != nil && !began {
		answer(w, req, err, r)
	}
}

// repanic returns the value with which the server's goroutine panics. The handler may have panicked
// on another goroutine, and so its stack is kept; net/http knows ErrAbortHandler by its identity.
func repanic(p *quartet.PanicError) any {
	if p.Value == http.ErrAbortHandler {
		return p.Value
	}
	return p
}
