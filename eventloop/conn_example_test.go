package eventloop_test

import (
	"context"
	"errors"
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
	eventloop.Then(loop, loop.Dial(context.Background(), "tcp", ln.Addr().String()),
		func(c *eventloop.Conn, err error) {
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

// As a stream of Node: write until the connection is full, and go on when it has drained.
func ExampleConn_OnDrain() {
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{HighWater: 1000}})
	here, there := net.Pipe()
	c, _ := loop.Attach(there)
	line := make([]byte, 300)
	left := 20
	send := func() {
		for ; left > 0 && !c.Full(); left-- {
			_, _ = c.Write(line)
		}
		if left == 0 {
			c.Close() // when all has been sent
		}
	}
	c.OnDrain(send)
	_ = loop.Post(send)
	release := loop.KeepAlive("the reader")
	go func() {
		defer release()
		all, _ := io.ReadAll(here)
		fmt.Println(len(all), "bytes")
	}()
	_ = loop.Run(context.Background())
	// Output: 6000 bytes
}

// What the next message makes obsolete is dropped for a slow reader, and nobody else waits.
func ExampleSlowReader() {
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{HighWater: 10, SlowReader: eventloop.SlowDrop}})
	here, there := net.Pipe() // nobody reads here
	c, _ := loop.Attach(there)
	_ = loop.Post(func() {
		_, err := c.Write([]byte("12345678"))
		fmt.Println(err)
		_, err = c.Write([]byte("12345678"))
		fmt.Println(errors.Is(err, eventloop.ErrSlowReader), c.Dropped())
		c.Abort()
	})
	_ = loop.Run(context.Background())
	_ = here.Close()
	// Output:
	// <nil>
	// true 1
}

// A task dials and awaits the connection, while the loop goes on.
func ExampleLoop_Dial() {
	loop := eventloop.New(eventloop.Config{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	server, _ := loop.Serve(ln, func(c *eventloop.Conn) {
		_, _ = c.Write([]byte("welcome"))
		c.Close()
	})
	_ = loop.Go(func(ctx context.Context) {
		defer func() { _ = server.Close() }()
		c, err := loop.Dial(ctx, "tcp", server.Addr().String()).Await(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer c.Close()
		p := make([]byte, 100)
		n, err := c.Read(ctx, p)
		fmt.Println(string(p[:n]), err)
	})
	_ = loop.Run(context.Background())
	// Output: welcome <nil>
}
