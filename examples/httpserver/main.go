// Httpserver is a service that sheds load, isolates what may crash, and stops in order:
//
//	$ go run ./examples/httpserver
//	listening on http://127.0.0.1:8080: /render?ms=50, /parse?input=text, /debug/quartet/
//	^C
//	stopping
//	drained
//
// /render works for some milliseconds in a bounded pool. A request that would wait in the queue for
// longer than it may take is answered with 429 at once, so that under overload the others are still
// in time. /parse runs in processes: input=crash costs that request a 502. On SIGTERM and Ctrl-C
// first the listener stops and its requests are answered; then the pools have nothing left, and
// stop. /debug/quartet/ is a page of both: mount it where only operators reach it.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	mayTake   = 500 * time.Millisecond // a request, waiting included
	drainTime = 20 * time.Second
	longest   = 64 << 10 // bytes of a body
)

// parse stands for a parser in C.
var parse = quartet.Define("httpserver.parse", func(ctx context.Context, input string) (int, error) {
	switch input {
	case "crash":
		os.Exit(1)
	case "slow":
		return 0, quartet.Sleep(ctx, 2*time.Second)
	}
	return len(input), nil
})

// burn stands for rendering: it uses the processor for d.
func burn(_ context.Context, d time.Duration) {
	for began := time.Now(); time.Since(began) < d; {
		sha256.Sum256(make([]byte, 1<<10))
	}
}

type service struct {
	pool      *workerpool.Pool
	processes *procpool.Pool
	render    func(ctx context.Context, d time.Duration)
}

func main() {
	procpool.Init() // a worker is this program, started again
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, *addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and then drains.
func run(ctx context.Context, w io.Writer, addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	processes, err := procpool.New(procpool.Config{Workers: 2, RunTimeout: 5 * time.Second})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	s := &service{pool: workerpool.New(workerpool.Config{RejectLate: true}), processes: processes, render: burn}
	mux := s.routes()
	mux.Handle("/debug/quartet/", inspect.Handler(s.pool, s.processes))
	server := &http.Server{Handler: http.MaxBytesHandler(mux, longest), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	fmt.Fprintf(w, "listening on http://%s: /render?ms=50, /parse?input=text, /debug/quartet/\n", ln.Addr())
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = nil
	}
	fmt.Fprintln(w, "stopping")
	ending, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	// Each one is stopped before those that it uses. One that does not drain in time is closed.
	err = errors.Join(err, quartet.Stop(ending, server, s.pool, s.processes))
	if err == nil {
		fmt.Fprintln(w, "drained")
	}
	return err
}

func (s *service) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /render", s.serveRender)
	mux.HandleFunc("GET /parse", s.serveParse)
	return mux
}

func (s *service) serveRender(w http.ResponseWriter, r *http.Request) {
	ms, _ := strconv.Atoi(r.FormValue("ms"))
	work := time.Duration(min(max(ms, 1), 5000)) * time.Millisecond
	ctx, cancel := context.WithTimeout(r.Context(), max(mayTake, 2*work))
	defer cancel()
	err := quartet.Run(ctx, s.pool, func(ctx context.Context) error {
		s.render(ctx, work)
		return nil
	})
	switch {
	case errors.Is(err, quartet.ErrSaturated): // refused now, because it would have been too late
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(s.pool.ExpectedWait().Seconds()))))
		http.Error(w, "too many requests", http.StatusTooManyRequests)
	case err != nil: // its text is for the log
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "rendered")
	}
}

func (s *service) serveParse(w http.ResponseWriter, r *http.Request) {
	n, err := parse.Do(r.Context(), s.processes, r.FormValue("input"))
	if lost, ok := errors.AsType[*procpool.WorkerLostError](err); ok {
		log.Print(lost)                                              // the client learns nothing of the inside
		http.Error(w, "the parser has ended", http.StatusBadGateway) // this request's; the service goes on
		return
	}
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, n, "bytes")
}
