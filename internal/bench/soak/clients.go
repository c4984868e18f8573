package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// kind is one sort of client: it gets a fresh connection, and leaves it in whatever state it likes.
type kind struct {
	name string
	port int // of plain, TLS, flood
	do   func(nc net.Conn)
}

var kinds = []kind{
	{"echoes and closes", 0, func(nc net.Conn) { talk(nc); _ = nc.Close() }},
	{"resets at once", 0, reset},
	{"sends, and resets", 0, func(nc net.Conn) { _, _ = nc.Write(make([]byte, 1000)); reset(nc) }},
	{"half closes", 0, func(nc net.Conn) {
		_, _ = nc.Write(make([]byte, 100))
		_ = nc.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, nc)
		_ = nc.Close()
	}},
	{"says nothing", 0, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc); _ = nc.Close() }},
	{"never reads", 2, func(nc net.Conn) { time.Sleep(time.Second); _ = nc.Close() }},
	{"reads slowly, and resets", 2, func(nc net.Conn) { _, _ = io.CopyN(io.Discard, nc, 100_000); reset(nc) }},
	{"echoes over TLS", 1, func(nc net.Conn) {
		c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
		talk(c)
		_ = c.Close()
	}},
	{"resets within a TLS handshake", 1, func(nc net.Conn) { _, _ = nc.Write([]byte{22, 3, 1, 2, 0, 1}); reset(nc) }},
	{"says nothing over TLS", 1, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc); _ = nc.Close() }},
	{"speaks no TLS", 1, func(nc net.Conn) {
		_, _ = io.WriteString(nc, "GET / HTTP/1.0\r\n\r\n")
		_, _ = io.Copy(io.Discard, nc)
		_ = nc.Close()
	}},
}

func talk(nc net.Conn) {
	p := make([]byte, 100)
	for range 1 + rand.N(5) {
		if _, err := nc.Write(p); err != nil {
			return
		}
		if _, err := io.ReadFull(nc, p); err != nil {
			return
		}
	}
}

func reset(nc net.Conn) {
	_ = nc.(*net.TCPConn).SetLinger(0)
	_ = nc.Close()
}

// beClients has rate clients a second come, from several addresses, so that there are ports enough.
func beClients(ports string, length time.Duration, rate int) {
	go watchParent()
	var failed atomic.Int64
	var all sync.WaitGroup
	port := strings.Split(ports, ",")
	begin, came := time.Now(), 0
	for now := range time.Tick(10 * time.Millisecond) {
		if now.Sub(begin) > length {
			break
		}
		for ; came < int(now.Sub(begin).Seconds()*float64(rate)); came++ {
			k := kinds[came%len(kinds)]
			addr := fmt.Sprintf("127.0.0.%d:%s", 1+came/len(kinds)%20, port[k.port])
			all.Go(func() {
				nc, err := net.DialTimeout("tcp", addr, 5*time.Second)
				if err != nil {
					failed.Add(1)
					return
				}
				_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
				k.do(nc)
			})
		}
	}
	all.Wait()
	fmt.Println("clients that came:", came, "of them not connected:", failed.Load())
}
