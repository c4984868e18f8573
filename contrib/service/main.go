// Service is a small service with all that watches it: the page of its executors, metrics, and
// traces that reach into its worker processes.
//
//	$ cd contrib/service && go run .
//	listening on http://127.0.0.1:8080: /parse?input=text, /metrics, /debug/quartet/
//
// A request for /parse is a task of a pool, within half a second, and calls a parser that runs in a
// process. Each span is a line on standard output; they end from the inside out. A span's line has
// its trace, its own number, its parent's, the process, and how long it took:
//
//	$ curl 'localhost:8080/parse?input=four'
//	6d21… 8f3a… in ab70… process 4712: service.parse 1.2ms
//	6d21… ab70… in 77c1… process 4711: service.parse 2.3ms
//	6d21… 77c1… in 51d0… process 4711: GET /parse 2.6ms
//	6d21… 51d0… in 0000… process 4711: GET /parse 2.9ms
//
// In production the exporter is one that sends spans to a collector, and the page and the metrics
// are on a port that only operators reach. The same service without all that is
// examples/httpserver.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/quartet-go/quartet"
	httplimit "github.com/quartet-go/quartet/contrib/http"
	quartetotel "github.com/quartet-go/quartet/contrib/otel"
	quartetprom "github.com/quartet-go/quartet/contrib/prometheus"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// drainTime is far above budget, so that a drain ends all requests in order.
const (
	budget    = 500 * time.Millisecond // of a request, its wait in the queue included
	drainTime = 20 * time.Second
)

// parse stands for a parser in C: input=crash ends its process.
var parse = quartet.Define("service.parse", func(_ context.Context, input string) (int, error) {
	if input == "crash" {
		os.Exit(1)
	}
	return len(input), nil
})

func main() {
	// Before Init, which does not return in a worker.
	prepareWorkers()
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

// run serves until ctx ends, and then drains. It stops the server first, then the pool, then the
// processes, as a request passes them: each drains while those that it calls still work.
//
// The listener comes first: an address that is taken is found before any process is started.
// Serve's error is read only before ctx ends. After that Stop's Shutdown makes Serve return
// ErrServerClosed, which is no fault.
func run(ctx context.Context, w io.Writer, addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	traceTo(w)
	tel := quartetotel.New(quartetotel.Config{})
	pool := workerpool.New(workerpool.Config{Name: "requests", RejectLate: true, Around: tel.Around, Observer: tel})
	// RunTimeout is far above budget: the request gives up first, and the process is replaced only
	// if it really hangs.
	processes, err := procpool.New(procpool.Config{
		Name: "parsers", Workers: 2, RunTimeout: 5 * time.Second,
		OnOutput: func(l procpool.Line) { fmt.Fprintf(w, "%s\n", l.Text) }, // the spans of the workers
	})
	if err != nil {
		return errors.Join(err, ln.Close(), pool.Close())
	}
	page := inspect.Handler(pool, processes)
	handler := routes(pool, tel.Wrap(processes), page, quartetprom.NewCollector(pool, processes))
	server := &http.Server{Handler: http.MaxBytesHandler(handler, 64<<10), ReadHeaderTimeout: 10 * time.Second}
	// With room for one: Serve returns after a Stop too, when nobody receives.
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	fmt.Fprintf(w, "listening on http://%s: /parse?input=text, /metrics, /debug/quartet/\n", ln.Addr())
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = nil
	}
	ending, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	// Each one is stopped before those that it uses.
	err = errors.Join(err, quartet.Stop(ending, server, pool, processes), page.Close())
	if err == nil {
		fmt.Fprintln(w, "drained")
	}
	return err
}

// httplimit is outside of parse.Do and inside of traced: a refused request has a span too.
//
// The order of the wrappers is that of a request: traced gives it a span and a label, limited a
// place in the pool and the budget, and parse.Do a process. An error of parse.Do is turned into a
// status, and its text stays here.
func routes(pool quartet.Runner, parsers quartet.Executor, page http.Handler,
	collector prometheus.Collector,
) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	limited := httplimit.New(pool, budget)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/debug/quartet/", page)
	mux.Handle("GET /parse", traced(limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := parse.Do(r.Context(), parsers, r.FormValue("input"))
		if err != nil {
			httplimit.Error(w, r, err)
			return
		}
		fmt.Fprintln(w, n, "bytes")
	}))))
	return mux
}
