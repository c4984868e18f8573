package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	loops "github.com/quartet-go/quartet/eventloop"
)

const (
	echoConns    = 100
	echoRequests = 2_000 // for each connection
	echoSize     = 64
)

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// self is this program as an echo server.
func self(kind string) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) {
		path, err := os.Executable()
		return exec.Command(path, "-serve", kind), err
	}
}

func node() (*exec.Cmd, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("node is not installed")
	}
	return exec.Command(path, "-e", nodeScript, "echo", "0"), nil
}

// echoed is the CPU time of a server per request. The server prints its port, is told when its connections stand, and
// prints at the end of its input what it has used since.
func echoed(server func() (*exec.Cmd, error)) func() (float64, error) {
	return func() (float64, error) {
		cmd, err := server()
		if err != nil {
			return 0, err
		}
		cmd.Stderr = os.Stderr
		in, _ := cmd.StdinPipe()
		out, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		lines := bufio.NewReader(out)
		port, err := lines.ReadString('\n')
		if err != nil {
			return 0, err
		}
		conns := make([]net.Conn, echoConns)
		for i := range conns {
			if conns[i], err = net.Dial("tcp", "127.0.0.1:"+strings.TrimSpace(port)); err != nil {
				return 0, err
			}
		}
		load(conns, 100) // warms up
		_, _ = io.WriteString(in, "go\n")
		_, _ = lines.ReadString('\n')
		load(conns, echoRequests)
		_ = in.Close()
		used, err := lines.ReadString('\n')
		if err != nil {
			return 0, err
		}
		for _, c := range conns {
			_ = c.Close()
		}
		if err := cmd.Wait(); err != nil {
			return 0, err
		}
		total, err := strconv.ParseFloat(strings.TrimSpace(used), 64)
		return total / (echoConns * echoRequests), err
	}
}

func load(conns []net.Conn, requests int) {
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			p := make([]byte, echoSize)
			for range requests {
				_, _ = c.Write(p)
				_, _ = io.ReadFull(c, p)
			}
		})
	}
	all.Wait()
}

// serveEcho is an echo server on one core.
func serveEcho(kind string) {
	runtime.GOMAXPROCS(1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr().(*net.TCPAddr).Port)
	if kind == "loop" {
		l := loops.New(loops.Config{})
		l.Start()
		_, _ = l.Serve(ln, func(c *loops.Conn) { c.OnData(func(p []byte) { _, _ = c.Write(p) }) })
	} else {
		go serveNet(ln)
	}
	in := bufio.NewReader(os.Stdin)
	_, _ = in.ReadString('\n')
	start := cpuTime()
	fmt.Println("ready")
	_, _ = in.ReadString('\n')
	fmt.Println(int64(cpuTime() - start))
}

func serveNet(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			p := make([]byte, 4096)
			for {
				n, err := c.Read(p)
				if err != nil {
					return
				}
				_, _ = c.Write(p[:n])
			}
		}()
	}
}
