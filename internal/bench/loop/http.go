package main

import (
	"bufio"
	"io"
	"net"
	"net/http"

	loops "github.com/quartet-go/quartet/eventloop"
)

// get makes empty requests.
func get(c net.Conn, requests int) {
	answers := bufio.NewReader(c)
	for range requests {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		for line := "-"; line != "\r\n"; {
			var err error
			if line, err = answers.ReadString('\n'); err != nil {
				panic(err)
			}
		}
	}
}

// serveHTTP gives empty answers, on the loop where kind says so.
func serveHTTP(l *loops.Loop, ln net.Listener, kind string) {
	var h http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	if kind == "handler" {
		h = loops.Handler(l, h)
	}
	_ = http.Serve(ln, h)
}
