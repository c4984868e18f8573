package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// web answers with its process's number, at once or when the service is told to end, and can be
// made to crash.
var web = procpool.DefineService("procpool_test.web", func(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/last", func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush() // the client sees that it has begun
		<-ctx.Done()
		fmt.Fprint(w, os.Getpid())
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	return serveHTTP(ctx, l, mux)
})

func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	server := http.Server{Handler: h}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- server.Shutdown(context.WithoutCancel(ctx)) })
	err := server.Serve(l)
	if !stop() { // else it has failed
		err = <-stopped
	}
	return err
}

var brokenService = procpool.DefineService("procpool_test.broken", func(context.Context, net.Listener) error {
	return errors.New("out of order")
})

// replicas start on a free port; each request has a connection of its own.
func replicas(t *testing.T, n int) (r *procpool.Replicas, get func(path string) (string, error)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r, err = procpool.NewReplicas(l, n, web, procpool.Config{Grace: 2 * time.Second, OnOutput: func(procpool.Line) {}})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, r.Close())
		require.NoError(t, l.Close())
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	get = func(path string) (string, error) {
		response, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}
	return r, get
}

func TestReplicasShareAListener(t *testing.T) {
	t.Parallel()
	r, get := replicas(t, 2)
	require.NoError(t, r.Ready(bounded(t)))
	workers := r.Workers()
	require.Len(t, workers, 2)
	pids := map[string]bool{}
	for _, w := range workers {
		require.Equal(t, procpool.Running, w.State)
		require.Equal(t, "procpool.service", w.Func)
		pids[fmt.Sprint(w.PID)] = true
	}
	seen := map[string]bool{}
	require.Eventually(t, func() bool {
		var both sync.WaitGroup
		var mu sync.Mutex
		for range 4 {
			both.Go(func() {
				pid, err := get("/")
				mu.Lock()
				defer mu.Unlock()
				if err != nil || !pids[pid] {
					t.Errorf("%q, %v", pid, err)
				}
				seen[pid] = true
			})
		}
		both.Wait()
		return len(seen) == 2
	}, time.Minute, time.Millisecond)
}

// A crash costs the connections of its process, and that is replaced.
func TestReplicaCrashCostsItsConnections(t *testing.T) {
	t.Parallel()
	r, get := replicas(t, 2)
	require.NoError(t, r.Ready(bounded(t)))
	_, err := get("/crash")
	require.Error(t, err)
	for range 20 {
		_, err := get("/")
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		serving := 0
		for _, w := range r.Workers() {
			if w.State == procpool.Running {
				serving++
			}
		}
		return serving == 2
	}, time.Minute, time.Millisecond)
}

// Reloads under load refuse no connection and cut none; afterwards no process is an old one.
func TestReplicasReloadUnderLoad(t *testing.T) {
	t.Parallel()
	r, get := replicas(t, 2)
	require.NoError(t, r.Ready(bounded(t)))
	stop := make(chan struct{})
	var callers sync.WaitGroup
	var served atomic.Int64
	for i := range 4 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := get([]string{"/", "/last"}[i%2]); err != nil {
					t.Error(err)
					return
				}
				served.Add(1)
			}
		})
	}
	for range 3 {
		old := map[int]bool{}
		for _, w := range r.Workers() {
			old[w.PID] = true
		}
		require.NoError(t, r.Reload(bounded(t)))
		require.Eventually(t, func() bool {
			workers := r.Workers()
			for _, w := range workers {
				if old[w.PID] {
					return false
				}
			}
			return len(workers) == 2
		}, time.Minute, time.Millisecond)
	}
	close(stop)
	done := make(chan struct{})
	go func() {
		defer close(done)
		callers.Wait()
	}()
	for running := true; running; { // a request for /last ends with its process
		select {
		case <-done:
			running = false
		default:
			require.NoError(t, r.Reload(bounded(t)))
		}
	}
	t.Logf("%d requests", served.Load())
	require.NotZero(t, served.Load())
}

// At the end of its context Serve lets requests end that have begun.
func TestServeEndsInOrder(t *testing.T) {
	leavesNothing(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ctx, cancel := context.WithCancel(bounded(t))
	ended := make(chan error, 1)
	go func() { ended <- procpool.Serve(ctx, l, 1, web) }()
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport}
	select {
	case err := <-ended:
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err)
		}
		t.Fatal(err)
	default:
	}
	last, err := client.Get("http://" + l.Addr().String() + "/last") // returns when it has begun
	require.NoError(t, err)
	cancel()
	answer, err := io.ReadAll(last.Body)
	require.NoError(t, errors.Join(err, last.Body.Close()))
	require.NotEmpty(t, answer)
	require.NoError(t, <-ended)
}

func TestServeRefuses(t *testing.T) {
	client, server := net.Pipe()
	require.NoError(t, errors.Join(client.Close(), server.Close()))
	require.ErrorIs(t, procpool.Serve(bounded(t), pipeListener{}, 1, web), errors.ErrUnsupported)
	_, err := procpool.NewReplicas(pipeListener{}, 0, web, procpool.Config{})
	require.Error(t, err)
	require.Panics(t, func() {
		procpool.DefineService("procpool_test.web", func(context.Context, net.Listener) error { return nil })
	})
	require.Panics(t, func() { procpool.DefineService("", nil) })
}

// pipeListener has no descriptor.
type pipeListener struct{ net.Listener }

// A service that returns is started again, and Close ends that.
func TestServiceThatReturns(t *testing.T) {
	leavesNothing(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	r, err := procpool.NewReplicas(l, 1, brokenService, procpool.Config{})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Eventually(t, func() bool { return r.Restarts()["max tasks"] >= 3 }, time.Minute, time.Millisecond)
	require.NoError(t, r.Close())
	require.ErrorIs(t, r.Reload(bounded(t)), quartet.ErrClosed)
}
