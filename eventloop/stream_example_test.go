package eventloop_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quartet-go/quartet/eventloop"
)

// What works on an io.Reader works on a connection, in a task.
func ExampleConn_Stream() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	c, _ := loop.Attach(there)
	_ = loop.Go(func(ctx context.Context) {
		stream := c.Stream(ctx)
		defer func() { _ = stream.Close() }()
		words := bufio.NewScanner(stream)
		words.Split(bufio.ScanWords)
		for words.Scan() {
			_, _ = fmt.Fprintf(stream, "%d ", len(words.Text()))
		}
	})
	go func() {
		_, _ = io.WriteString(here, "how long are these\n")
		answer := make([]byte, 8)
		_, _ = io.ReadFull(here, answer)
		fmt.Printf("%s\n", answer)
		_ = here.Close()
	}()
	_ = loop.Run(context.Background())
	// Output: 3 4 3 5
}

func ExampleLines() {
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{MaxMessage: 100, IdleTimeout: time.Minute}})
	here, there := net.Pipe()
	c, _ := loop.Attach(there)
	eventloop.Lines(c, func(line []byte) { fmt.Printf("%q\n", line) })
	c.OnClose(func(err error) { fmt.Println("closed:", err) })
	go func() {
		_, _ = io.WriteString(here, "HELO me\r\nQU")
		_, _ = io.WriteString(here, "IT\r\n")
		_ = here.Close()
	}()
	_ = loop.Run(context.Background())
	// Output:
	// "HELO me"
	// "QUIT"
	// closed: <nil>
}

// At SIGTERM a server takes no more connections, lets those that it has come to their end, and its
// loop ends by itself: Feed does not keep it.
func ExampleFeed() {
	loop := eventloop.New(eventloop.Config{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	conns := map[*eventloop.Conn]bool{}
	server, _ := loop.Serve(ln, func(c *eventloop.Conn) {
		conns[c] = true
		c.OnData(func(p []byte) { _, _ = c.Write(p) })
		c.OnClose(func(error) { delete(conns, c) })
	})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	defer signal.Stop(signals)
	stop := eventloop.Feed(loop, signals, func(s os.Signal) {
		fmt.Println("told to stop:", s)
		_ = server.Close()
		for c := range conns {
			c.Close() // sends the queued data; CloseTimeout bounds it
		}
	})
	defer stop()
	signals <- syscall.SIGTERM // as the system would
	_ = loop.Run(context.Background())
	fmt.Println("stopped in order")
	// Output:
	// told to stop: terminated
	// stopped in order
}
