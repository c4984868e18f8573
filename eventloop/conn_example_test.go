package eventloop_test

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/quartet-go/quartet/eventloop"
)

// An echo server and its client on one loop: what they share needs no mutex.
func ExampleLoop_Serve() {
	loop := eventloop.New(eventloop.Config{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	server, _ := loop.Serve(ln, func(c *eventloop.Conn) {
		c.OnData(func(p []byte) { _, _ = c.Write(p) })
		c.OnClose(func(err error) { fmt.Println("server side closed:", err) })
	})
	eventloop.Then(loop, loop.Dial(context.Background(), "tcp", ln.Addr().String()), func(c *eventloop.Conn, err error) {
		c.OnData(func(p []byte) {
			fmt.Printf("%s\n", p)
			c.Close()
			_ = server.Close()
		})
		_, _ = c.Write([]byte("hello"))
	})
	_ = loop.Run(context.Background()) // ends when nothing is connected or listened to any more
	// Output:
	// hello
	// server side closed: <nil>
}

// A task reads and writes in straight-line code, and the loop goes on meanwhile.
func ExampleConn_Read() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	c, _ := loop.Attach(there)
	_ = loop.Go(func(ctx context.Context) {
		defer c.Close()
		p := make([]byte, 100)
		for {
			n, err := c.Read(ctx, p)
			if err != nil {
				fmt.Println(err)
				return
			}
			_, _ = c.WriteWait(ctx, append([]byte("you said "), p[:n]...))
		}
	})
	go func() {
		_, _ = here.Write([]byte("hi"))
		p := make([]byte, 100)
		n, _ := here.Read(p)
		fmt.Printf("%s\n", p[:n])
		_ = here.Close()
	}()
	_ = loop.Run(context.Background())
	// Output:
	// you said hi
	// EOF
}

func ExampleConn_OnEnd() {
	loop := eventloop.New(eventloop.Config{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	server, _ := loop.Serve(ln, func(c *eventloop.Conn) {
		var got []byte
		c.OnData(func(p []byte) { got = append(got, p...) })
		c.OnEnd(func() { // the client has sent all, and still reads
			_, _ = fmt.Fprintf(c, "%d bytes", len(got))
			c.Close()
		})
	})
	release := loop.KeepAlive("the client")
	go func() {
		defer release()
		c, _ := net.Dial("tcp", ln.Addr().String())
		_, _ = c.Write([]byte("all that I have"))
		_ = c.(*net.TCPConn).CloseWrite()
		answer, _ := io.ReadAll(c)
		fmt.Printf("%s\n", answer)
		_ = c.Close()
		_ = server.Close()
	}()
	_ = loop.Run(context.Background())
	// Output: 15 bytes
}
