package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	loops "github.com/quartet-go/quartet/eventloop"
)

// serve is a server on one core: of echoes and broadcasts by a loop or by plain net, or of HTTP
// with or without a loop.
func serve(kind string) {
	runtime.GOMAXPROCS(1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr().(*net.TCPAddr).Port)
	l := loops.New(loops.Config{OnSlow: func(time.Duration, []byte) {}}) // a broadcast is slow on a busy machine
	l.Start()
	switch kind {
	case "loop":
		serveLoop(l, ln)
	case "net":
		go new(netServer).serve(ln)
	default:
		go serveHTTP(l, ln, kind)
	}
	var cpu time.Duration
	var memory uint64
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "cpu":
			now := cpuTime()
			fmt.Println(int64(now - cpu))
			cpu = now
		case "memory":
			now := memoryInUse()
			fmt.Println(int64(now - memory))
			memory = now
		}
	}
}

func memoryInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one only empties the pools' victims
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

const broadcastSize = 1 << 10

// serveLoop echoes, and broadcasts when it gets a single byte. So does netServer.
func serveLoop(l *loops.Loop, ln net.Listener) {
	members := map[*loops.Conn]struct{}{}
	message := make([]byte, broadcastSize)
	_, _ = l.Serve(ln, func(c *loops.Conn) {
		members[c] = struct{}{}
		c.OnClose(func(error) { delete(members, c) })
		c.OnData(func(p []byte) {
			if len(p) > 1 {
				_, _ = c.Write(p)
				return
			}
			for member := range members {
				_, _ = member.Write(message)
			}
		})
	})
}

// netServer has a goroutine for each connection.
type netServer struct {
	mu      sync.Mutex
	members map[net.Conn]struct{}
}

func (s *netServer) serve(ln net.Listener) {
	s.members = map[net.Conn]struct{}{}
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.members[c] = struct{}{}
		s.mu.Unlock()
		go s.echo(c)
	}
}

func (s *netServer) echo(c net.Conn) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.members, c)
	}()
	p := make([]byte, 4096)
	for {
		n, err := c.Read(p)
		if err != nil {
			return
		}
		if n > 1 {
			_, _ = c.Write(p[:n])
			continue
		}
		s.mu.Lock()
		message := make([]byte, broadcastSize)
		for member := range s.members {
			_, _ = member.Write(message)
		}
		s.mu.Unlock()
	}
}
