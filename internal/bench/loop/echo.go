package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const echoSize = 64

// crowd is how many clients a server gets, and how many requests each makes.
type crowd struct{ conns, requests int }

var (
	hundred  = crowd{100, 2000}
	thousand = crowd{2000, 100}
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

// peer is a server that runs as a process of its own. It prints its port, and answers "cpu" and
// "memory" with its use.
type peer struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	conns []net.Conn
}

func dialPeer(server func() (*exec.Cmd, error), conns int) (*peer, error) {
	cmd, err := server()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	p := &peer{cmd: cmd, conns: make([]net.Conn, conns)}
	p.in, _ = cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	p.lines = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	port, err := p.lines.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if _, err := p.ask("memory"); err != nil { // before its first connection
		return nil, err
	}
	for i := range p.conns {
		if p.conns[i], err = net.Dial("tcp", "127.0.0.1:"+strings.TrimSpace(port)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// ask returns what the server has used since it was asked last.
func (p *peer) ask(what string) (float64, error) {
	if _, err := io.WriteString(p.in, what+"\n"); err != nil {
		return 0, err
	}
	line, err := p.lines.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(line), 64)
}

func (p *peer) close() error {
	for _, c := range p.conns {
		_ = c.Close()
	}
	_ = p.in.Close()
	return p.cmd.Wait()
}

// echoed is the CPU time of an echo server per request.
func echoed(server func() (*exec.Cmd, error), c crowd) func() (float64, error) {
	return loaded(server, c, echo)
}

// loaded is the CPU time of a server per request of load's, which each connection makes one after
// the other.
func loaded(server func() (*exec.Cmd, error), c crowd, load func(c net.Conn, requests int)) func() (float64, error) {
	return func() (float64, error) {
		p, err := dialPeer(server, c.conns)
		if err != nil {
			return 0, err
		}
		all(p.conns, max(c.requests/20, 1), load) // warms up
		_, _ = p.ask("cpu")
		all(p.conns, c.requests, load)
		used, err := p.ask("cpu")
		return used / float64(c.conns*c.requests), errors.Join(err, p.close())
	}
}

// idled is the heap and the stacks that a server has for each connection, after one request.
func idled(server func() (*exec.Cmd, error), conns int) func() (float64, error) {
	return func() (float64, error) {
		p, err := dialPeer(server, conns)
		if err != nil {
			return 0, err
		}
		all(p.conns, 1, echo)
		used, err := p.ask("memory")
		return used / float64(conns), errors.Join(err, p.close())
	}
}

// broadcast is the CPU time of a server that sends 1 KiB to each of its connections, per
// connection.
func broadcast(server func() (*exec.Cmd, error), conns int) func() (float64, error) {
	const rounds = 20
	return func() (float64, error) {
		p, err := dialPeer(server, conns)
		if err != nil {
			return 0, err
		}
		all(p.conns, 1, echo)
		_, _ = p.ask("cpu")
		message := make([]byte, broadcastSize)
		for range rounds {
			_, _ = p.conns[0].Write([]byte{1})
			for _, c := range p.conns {
				if _, err := io.ReadFull(c, message); err != nil {
					return 0, err
				}
			}
		}
		used, err := p.ask("cpu")
		return used / float64(rounds*conns), errors.Join(err, p.close())
	}
}

// all has each connection make its requests.
func all(conns []net.Conn, requests int, load func(c net.Conn, requests int)) {
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() { load(c, requests) })
	}
	all.Wait()
}

func echo(c net.Conn, requests int) {
	p := make([]byte, echoSize)
	for range requests {
		_, _ = c.Write(p)
		_, _ = io.ReadFull(c, p)
	}
}
