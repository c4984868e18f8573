package httplimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	httplimit "github.com/quartet-go/quartet/contrib/http"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

var errInternal = errors.New("password of the database: 12345")

func TestStatus(t *testing.T) {
	for want, errs := range map[int][]error{
		200: {nil},
		429: {quartet.ErrSaturated, fmt.Errorf("render: %w", quartet.ErrSaturated)},
		502: {&procpool.WorkerLostError{PID: 7}, fmt.Errorf("parse: %w", &procpool.WorkerLostError{})},
		503: {quartet.ErrClosed, quartet.ErrDiscarded, context.Canceled},
		504: {context.DeadlineExceeded},
		500: {errInternal, &quartet.PanicError{Value: "broken"}},
	} {
		for _, err := range errs {
			require.Equal(t, want, httplimit.Status(err), "%v", err)
		}
	}
}

func get(h http.Handler) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil))
	return w
}

func TestARequestThatIsRefusedNeverReachesTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := workerpool.New(workerpool.Config{Workers: 1, Queue: 1, Saturation: workerpool.Reject})
		served := 0
		h := httplimit.New(pool, time.Second)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
		gate := make(chan struct{})
		for range 2 { // one runs, one is queued
			go func() {
				_ = quartet.Run(context.Background(), pool, func(context.Context) error { <-gate; return nil })
			}()
		}
		synctest.Wait()
		w := get(h)
		require.Equal(t, 429, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, "Too Many Requests\n", w.Body.String())
		close(gate)
		synctest.Wait()
		require.Equal(t, 200, get(h).Code)
		require.NoError(t, pool.Close())
		require.Equal(t, 503, get(h).Code)
		require.Equal(t, 1, served)
	})
}

func TestTheBudgetCountsTheWaitInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := workerpool.New(workerpool.Config{Workers: 1})
		gate := make(chan struct{})
		go func() {
			_ = quartet.Run(context.Background(), pool, func(context.Context) error { <-gate; return nil })
		}()
		synctest.Wait()
		begin := time.Now()
		w := get(httplimit.New(pool, 3*time.Second)(http.NotFoundHandler()))
		require.Equal(t, 504, w.Code)
		require.Equal(t, 3*time.Second, time.Since(begin))
		close(gate)
		require.NoError(t, pool.Close())
	})
}

func TestTheHandlerHasTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := get(httplimit.New(quartet.Inline(),
			3*time.Second)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			deadline, _ := r.Context().Deadline()
			_, _ = fmt.Fprint(w, time.Until(deadline))
		})))
		require.Equal(t, "3s", w.Body.String())
	})
}

func TestErrorsKeepTheirTextFromTheClient(t *testing.T) {
	w := httptest.NewRecorder()
	httplimit.Error(w, httptest.NewRequest(http.MethodGet, "/", nil), errInternal)
	require.Equal(t, 500, w.Code)
	require.Equal(t, "Internal Server Error\n", w.Body.String())
}

func TestNothingIsWrittenToAClientThatHasGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	httplimit.Error(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), context.Canceled)
	require.Empty(t, w.Body.String())
}

func TestAPanicIsTheServers(t *testing.T) {
	pool := workerpool.New(workerpool.Config{OnPanic: func(error) {}})
	defer func() { require.NoError(t, pool.Close()) }()
	limited := httplimit.New(pool, 0)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		get(limited(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })))
	})
	defer func() {
		p, ok := recover().(*quartet.PanicError)
		require.True(t, ok)
		require.Contains(t, string(p.Stack), "TestAPanicIsTheServers")
	}()
	get(limited(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })))
}

func TestBadInput(t *testing.T) {
	require.PanicsWithValue(t, "httplimit: New with a nil Runner", func() { httplimit.New(nil, 0) })
	require.PanicsWithValue(t, "httplimit: New: the budget is negative: -1s", func() {
		httplimit.New(quartet.Inline(), -time.Second)
	})
}

var crash = quartet.Define("httplimit_test.crash", func(context.Context, int) (int, error) {
	os.Exit(3)
	return 0, nil
})

func TestALostWorkerIs502(t *testing.T) {
	processes, err := procpool.New(procpool.Config{Workers: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, processes.Close()) }()
	w := get(httplimit.New(quartet.Inline(), 0)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := crash.Do(r.Context(), processes, 0); err != nil {
			httplimit.Error(w, r, err)
		}
	})))
	require.Equal(t, 502, w.Code)
	require.False(t, strings.Contains(w.Body.String(), "worker"))
}

func ExampleNew() {
	pool := workerpool.New(workerpool.Config{Workers: 8, Queue: 64, RejectLate: true})
	limited := httplimit.New(pool, 500*time.Millisecond)
	h := limited(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "rendered") }))
	fmt.Print(get(h).Body)
	_ = pool.Close()
	fmt.Print(get(h).Body)
	// Output:
	// rendered
	// Service Unavailable
}

// A handler that awaits a call answers with the status that fits its error.
func ExampleStatus() {
	lost := fmt.Errorf("parse: %w", &procpool.WorkerLostError{})
	fmt.Println(httplimit.Status(nil), httplimit.Status(quartet.ErrSaturated), httplimit.Status(lost))
	// Output: 200 429 502
}
