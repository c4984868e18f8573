package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/quartet-go/quartet/procpool"
)

const (
	replicaClients = 16     // connections, each with one request at a time
	requests       = 40_000 // of all clients
)

// hello answers every request with nothing, as peers.js does in a cluster.
var hello = procpool.DefineService("bench.hello", func(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	return server.Serve(l)
})

// replicas serves with two processes, and returns the time of a request.
func replicas() (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer func() { check(l.Close()) }()
	r, err := procpool.NewReplicas(l, 2, hello, procpool.Config{Grace: time.Second})
	check(err)
	defer func() { check(r.Close()) }()
	check(r.Ready(background))
	return load(l.Addr().String()), nil
}

// cluster does likewise with Node's cluster.
func (b bench) cluster() (float64, error) {
	if b.node == nil {
		return missing()
	}
	cmd := exec.Command(b.node[0], append(b.node[1:], "cluster", "2")...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(err)
	in, err := cmd.StdinPipe() // its end is the cluster's
	check(err)
	check(cmd.Start())
	defer func() {
		check(in.Close())
		check(cmd.Wait())
	}()
	port, err := bufio.NewReader(out).ReadString('\n')
	check(err)
	return load("127.0.0.1:" + strings.TrimSpace(port)), nil
}

// load sends requests from all clients at once, and returns the nanoseconds for each.
func load(addr string) float64 {
	drive(addr, requests/10)
	began := time.Now()
	drive(addr, requests)
	return float64(time.Since(began)) / requests
}

func drive(addr string, n int) {
	var clients sync.WaitGroup
	for range replicaClients {
		clients.Go(func() {
			conn, err := net.Dial("tcp", addr)
			check(err)
			defer func() { check(conn.Close()) }()
			r := bufio.NewReader(conn)
			request := fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
			for range n / replicaClients {
				_, err := conn.Write(request)
				check(err)
				check(skipAnswer(r))
			}
		})
	}
	clients.Wait()
}

// skipAnswer reads an answer without a body.
func skipAnswer(r *bufio.Reader) error {
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")):
			return fmt.Errorf("the answer begins %q: %w", line, io.ErrUnexpectedEOF)
		case len(line) <= 2:
			return nil
		}
	}
}
