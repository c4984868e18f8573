//go:build !js

// Chatroom is a chat over TCP and in a web page. Its state has no mutex, for it lives on one event
// loop, and a member that does not read is thrown out instead of holding up the others:
//
//	$ go run ./examples/chatroom
//	chat with nc 127.0.0.1 7000, or at http://127.0.0.1:7001
//
//	$ nc 127.0.0.1 7000
//	ada                    the first line is the name
//	hello
//	ada: hello
//	bob: hi, ada           bob is at the page
//
// The page gets its lines as server-sent events. Each of its requests is a task of the loop, so the
// handlers below touch the room as freely as the callbacks of the connections do.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/quartet-go/quartet/eventloop"
)

//go:embed page.html
var html []byte

func main() {
	tcp := flag.String("tcp", "127.0.0.1:7000", "where to listen for lines")
	web := flag.String("web", "127.0.0.1:7001", "where to serve the page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *tcp, *web); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves the room until ctx ends.
func run(ctx context.Context, w io.Writer, tcp, web string) error {
	lines, err := net.Listen("tcp", tcp)
	if err != nil {
		return err
	}
	pages, err := net.Listen("tcp", web)
	if err != nil {
		return errors.Join(err, lines.Close())
	}
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{
		HighWater: 32 << 10, SlowReader: eventloop.SlowClose,
	}})
	loop.Start()
	r := &room{members: map[member]bool{}}
	if _, err := loop.Serve(lines, r.accept); err != nil {
		return err
	}
	server := &http.Server{Handler: http.MaxBytesHandler(r.routes(loop), 2*longest), ReadHeaderTimeout: patience}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(pages) }()
	fmt.Fprintf(w, "chat with nc %s, or at http://%s\n", strings.Replace(lines.Addr().String(), ":", " ", 1),
		pages.Addr())
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = nil
	}
	return errors.Join(err, server.Close(), loop.Close())
}

func (r *room) routes(loop *eventloop.Loop) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(html) })
	mux.Handle("GET /events", eventloop.Handler(loop, http.HandlerFunc(r.serveEvents)))
	mux.Handle("POST /say", eventloop.Handler(loop, http.HandlerFunc(r.serveSay)))
	return mux
}

// serveEvents runs on the loop. To wait for lines, and for the client to take them, suspends it.
func (r *room) serveEvents(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	p := &page{}
	r.join(p)
	defer r.leave(p)
	events := http.NewResponseController(w)
	for {
		_ = events.SetWriteDeadline(time.Now().Add(patience)) // ends a reader that does not read
		if err := events.Flush(); err != nil {
			return
		}
		lines, err := p.next(req.Context())
		if err != nil {
			return
		}
		for _, line := range lines {
			fmt.Fprintf(w, "data: %s\n\n", line)
		}
	}
}

func (r *room) serveSay(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, longest)
	name, text := oneLine(req.FormValue("name")), oneLine(req.FormValue("text"))
	if name == "" || text == "" {
		http.Error(w, "a name and a text, please", http.StatusBadRequest)
		return
	}
	r.say(name, text)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
