package httplimit

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// Status returns the status code for an error of a submit or a call; 200 for nil.
func Status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, quartet.ErrSaturated):
		return http.StatusTooManyRequests
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case lost(err):
		return http.StatusBadGateway
	case errors.Is(err, quartet.ErrClosed), errors.Is(err, quartet.ErrDiscarded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// lost reports whether the error says that a worker process was lost with the call.
func lost(err error) bool {
	_, ok := errors.AsType[*procpool.WorkerLostError](err)
	return ok
}

// Error answers with [Status] of err and its name, and logs err by slog with the request's method
// and path: at level Warn, or Error for a 500. It writes nothing if the client has gone. Nothing
// must have been written before.
func Error(w http.ResponseWriter, r *http.Request, err error) { answer(w, r, err, nil) }

// answer knows how long a task would wait, if ex does. The client gets the status and no text of
// err, which may tell of the inside.
func answer(w http.ResponseWriter, r *http.Request, err error, ex any) {
	status := Status(err)
	level := slog.LevelWarn
	if status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	slog.Log(r.Context(), level, "request failed", "method", r.Method, "path", r.URL.Path, "status", status, "error",
		err)
	if errors.Is(r.Context().Err(), context.Canceled) { // the client has gone
		return
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(ex)))
	}
	http.Error(w, http.StatusText(status), status)
}

// retryAfter returns whole seconds, at least one: the expected wait of a task, if ex knows it.
func retryAfter(ex any) int {
	e, ok := quartet.As[interface{ ExpectedWait() time.Duration }](ex)
	if !ok {
		return 1
	}
	return max(1, int(math.Ceil(e.ExpectedWait().Seconds())))
}
