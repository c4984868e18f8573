// Lab is a page to learn with: one script of six verbs runs on an event loop, a pool, processes and
// threads under a global lock, side by side, and each number in it can be dragged. The models run
// in the browser, in virtual time.
//
//	go run ./examples/lab                   serves it at http://localhost:8090
//	go run ./examples/lab -export site      writes it into a directory: it needs no server
//
// It needs the go command, which compiles the models to WebAssembly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"
)

func main() {
	addr := flag.String("addr", "localhost:8090", "where to serve the page")
	dir := flag.String("export", "", "write the page into this directory, and serve nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, dir string) error {
	s, err := build(ctx)
	if err != nil {
		return err
	}
	if dir != "" {
		return s.export(dir)
	}
	server := &http.Server{Addr: addr, Handler: s, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	fmt.Printf("the lab is at http://%s\n", addr)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		if err := server.Shutdown(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}
