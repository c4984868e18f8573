// Package httplimit bounds the work of an HTTP server by a pool, and answers for what the pool
// refuses.
//
//	pool := workerpool.New(workerpool.Config{Workers: 8, Queue: 64, RejectLate: true})
//	limited := httplimit.New(pool, 500*time.Millisecond)
//	mux.Handle("GET /render", limited(http.HandlerFunc(render)))
//
// Each request is a task of the pool with the budget as its time limit, its wait in the queue
// included. A request that the pool refuses is answered at once, and the handler never sees it. A
// handler that calls a function on a process pool answers for its errors by [Error]:
//
//	n, err := parse.Do(r.Context(), processes, r.FormValue("input"))
//	if err != nil {
//		httplimit.Error(w, r, err)
//		return
//	}
//
// # Status codes
//
//	429 Too Many Requests      ErrSaturated: refused now, as it would have been late. Retry-After says when to come back
//	503 Service Unavailable    ErrClosed, ErrDiscarded and what else lost the work. Retry-After is a second
//	502 Bad Gateway            a worker process was lost with the call
//	504 Gateway Timeout        the budget, or another deadline, has passed
//	500 Internal Server Error  all other errors
//
// The texts of the answers are these names: an error's own text may hold what only the operator
// should see, and is logged.
//
// # When not to use it
//
// To bound the rate of one client: that is a rate limiter's work. A handler that streams for
// minutes keeps a worker for minutes: give it a pool of its own.
package httplimit
