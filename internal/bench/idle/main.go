// Idle holds as many idle connections as the system allows in one process, up to -conns, and says
// what each costs in memory, and how late a timer fires beside them.
//
//	cd internal/bench && go run ./idle [-conns 100000]
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/quartet-go/quartet/eventloop"
)

// A process of clients has at most so many: each address of the server's gives them ports of their
// own.
const clientsEach = 10_000

func main() {
	conns := flag.Int("conns", 100_000, "connections")
	dial := flag.String("dial", "", "be the clients of the server at this address")
	flag.Parse()
	allowed := raiseDescriptorLimit()
	if *dial != "" {
		beClients(*dial, *conns)
		return
	}
	n := min(*conns, allowed-200)
	fmt.Printf("%d descriptors are allowed: %d connections\n", allowed, n)
	if err := measure(n); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func raiseDescriptorLimit() int {
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	limit.Cur = limit.Max
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return int(limit.Cur)
}

func measure(n int) error {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	ln, err := net.Listen("tcp", ":0")
	if err != nil {
		return err
	}
	if _, err := loop.Serve(ln,
		func(c *eventloop.Conn) { c.OnData(func(p []byte) { _, _ = c.Write(p) }) }); err != nil {
		return err
	}
	fmt.Println("timers of 1 ms, late by, without connections:", lateness(loop))
	before := used()
	begin := time.Now()
	var ends []func()
	for first := 0; first < n; first += clientsEach {
		addr := fmt.Sprintf("127.0.0.%d:%d", 1+first/clientsEach, ln.Addr().(*net.TCPAddr).Port)
		end, err := startClients(addr, min(clientsEach, n-first))
		if err != nil {
			return err
		}
		ends = append(ends, end)
	}
	for loop.Health().Conns < n {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("connected, and one request of each answered, in", time.Since(begin).Round(time.Millisecond))
	after := used()
	fmt.Printf("each connection: %d bytes of heap and stacks, %d resident; goroutines: %d\n",
		(after.goMemory-before.goMemory)/n, (after.resident-before.resident)/n, runtime.NumGoroutine())
	fmt.Println("timers of 1 ms, late by, with them:", lateness(loop))
	for _, end := range ends {
		end()
	}
	return loop.Close()
}

// startClients returns when they are connected and have had one answer each.
func startClients(addr string, n int) (end func(), err error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "-dial", addr, "-conns", fmt.Sprint(n))
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		return nil, err
	}
	return func() { _ = in.Close(); _ = cmd.Wait() }, nil
}

func beClients(addr string, n int) {
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			panic(err)
		}
		conns[i] = c
		_, _ = c.Write([]byte("x"))
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			panic(err)
		}
	}
	fmt.Println()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

type usage struct{ goMemory, resident int }

func used() usage {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{int(m.HeapAlloc + m.StackInuse), resident()}
}

func resident() (bytes int) {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	return 0
}

// lateness is how late timers fire on the loop.
func lateness(loop *eventloop.Loop) string {
	const timers = 2000
	var late []time.Duration
	done := make(chan struct{})
	var next func()
	next = func() {
		due := time.Now().Add(time.Millisecond)
		loop.AfterFunc(time.Millisecond, func() {
			if late = append(late, time.Since(due)); len(late) == timers {
				close(done)
				return
			}
			next()
		})
	}
	_ = loop.Post(next)
	<-done
	slices.Sort(late)
	return fmt.Sprintf("median %v, 99 %% %v, most %v", late[timers/2], late[timers*99/100], late[timers-1])
}
