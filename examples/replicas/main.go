// Replicas is one web server in several processes, which accept on one port:
//
//	$ go run ./examples/replicas
//	listening on http://127.0.0.1:8080: /, /crash
//	2 processes serve
//	^C
//	drained
//
// / says which process has answered, /crash ends it: that costs the connections of this process,
// and another one takes its place. On SIGHUP all processes are replaced one by one, without a
// refused connection. On SIGTERM and Ctrl-C they accept no more and finish what they have.
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

	"github.com/quartet-go/quartet/procpool"
)

// site is what each process runs, found by its name.
var site = procpool.DefineService("replicas.site", func(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: http.MaxBytesHandler(routes(), 64<<10), ReadHeaderTimeout: 10 * time.Second}
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { drained <- server.Shutdown(context.WithoutCancel(ctx)) })
	if err := server.Serve(l); stop() {
		return err // it has failed
	}
	return <-drained
})

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "process", os.Getpid()) })
	mux.HandleFunc("GET /crash", func(http.ResponseWriter, *http.Request) { os.Exit(1) })
	return mux
}

func main() {
	procpool.Init() // a replica is this program, started again
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	n := flag.Int("n", 2, "how many processes serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	reload := make(chan os.Signal, 1)
	notifyReload(reload)
	if err := run(ctx, os.Stdout, *addr, *n, reload); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and then drains.
func run(ctx context.Context, w io.Writer, addr string, n int, reload <-chan os.Signal) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	replicas, err := procpool.NewReplicas(l, n, site, procpool.Config{})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "listening on http://%s: /, /crash\n", l.Addr())
	err = replicas.Ready(ctx)
	if err == nil {
		fmt.Fprintln(w, n, "processes serve")
	}
	for err == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-reload:
			fmt.Fprintln(w, "reloaded:", replicas.Reload(ctx))
		}
	}
	if ctx.Err() != nil {
		err = nil
	}
	err = errors.Join(err, replicas.Shutdown(context.WithoutCancel(ctx)))
	fmt.Fprintln(w, "drained")
	return err
}
