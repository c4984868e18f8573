package eventloop_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// Any net.Conn can be the loop's: here one end of a pipe. The other end stays with the program.
func ExampleLoop_Attach() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	_ = loop.Post(func() {
		conn, err := loop.Attach(here)
		fmt.Println(err)
		conn.OnData(func(p []byte) {
			fmt.Printf("%s\n", p)
			conn.Close()
		})
	})
	go fmt.Fprint(there, "hello")
	fmt.Println(loop.Run(context.Background())) // until the connection has ended
	// Output:
	// <nil>
	// hello
	// <nil>
}

// Write never waits: it queues the bytes that the other side does not take yet. Close sends them.
func ExampleConn_Write() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	_ = loop.Post(func() {
		conn, _ := loop.Attach(here)
		n, err := conn.Write([]byte("first line\n"))
		fmt.Println(n, err)
		_, _ = conn.Write([]byte("second line\n"))
		conn.Close()
		_, err = conn.Write([]byte("late"))
		fmt.Println(errors.Is(err, net.ErrClosed))
	})
	got := make(chan string)
	go func() {
		all, _ := io.ReadAll(there)
		got <- string(all)
	}()
	_ = loop.Run(context.Background())
	fmt.Print(<-got)
	// Output:
	// 11 <nil>
	// true
	// first line
	// second line
}

// A task waits until the connection has room again. A slow reader holds up this task, and nobody
// else.
func ExampleConn_WriteWait() {
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{HighWater: 4 << 10, LowWater: 1 << 10}})
	here, there := net.Pipe()
	_ = loop.Go(func(ctx context.Context) {
		conn, _ := loop.Attach(here)
		for range 100 {
			if _, err := conn.WriteWait(ctx, make([]byte, 1<<10)); err != nil {
				fmt.Println(err)
			}
		}
		fmt.Println("at most 5 KiB queued:", conn.Buffered() <= 5<<10)
		conn.Close()
	})
	read := make(chan int64)
	go func() {
		n, _ := io.Copy(io.Discard, there)
		read <- n
	}()
	_ = loop.Run(context.Background())
	fmt.Println(<-read)
	// Output:
	// at most 5 KiB queued: true
	// 102400
}

// A paused connection is not read, so that the sender waits: here for a task that another pool
// runs.
func ExampleConn_Pause() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	_ = loop.Post(func() {
		conn, _ := loop.Attach(here)
		conn.OnData(func(p []byte) {
			fmt.Printf("%s\n", p)
			conn.Pause()
			loop.AfterFunc(time.Millisecond, func() {
				fmt.Println("resumed")
				conn.Resume()
			})
		})
		conn.OnClose(func(err error) { fmt.Println("closed:", err) })
	})
	go func() {
		fmt.Fprint(there, "one")
		fmt.Fprint(there, "two")
		_ = there.Close()
	}()
	_ = loop.Run(context.Background())
	// Output:
	// one
	// resumed
	// two
	// resumed
	// closed: <nil>
}

// A connection that is silent for too long is ended by the loop. OnClose says why.
func ExampleConn_OnClose() {
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{IdleTimeout: time.Millisecond}})
	here, there := net.Pipe()
	defer there.Close()
	_ = loop.Post(func() {
		conn, _ := loop.Attach(here)
		conn.OnClose(func(err error) {
			fmt.Println(errors.Is(err, eventloop.ErrIdle), errors.Is(err, os.ErrDeadlineExceeded))
		})
	})
	_ = loop.Run(context.Background())
	// Output: true true
}

// Split cuts what arrives into messages, by any function that a bufio.Scanner takes.
func ExampleSplit() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	_ = loop.Post(func() {
		conn, _ := loop.Attach(here)
		eventloop.Split(conn, bufio.ScanWords, func(word []byte) { fmt.Printf("%s ", strings.ToUpper(string(word))) })
	})
	go func() {
		fmt.Fprint(there, "four mod")
		fmt.Fprint(there, "els, one interface")
		_ = there.Close()
	}()
	_ = loop.Run(context.Background())
	// Output: FOUR MODELS, ONE INTERFACE
}

// Ticks run before microtasks, and both before the loop goes on: each queue is emptied first, also
// of what its own callbacks add.
func ExampleLoop_NextTick() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() {
		loop.Microtask(func() { fmt.Println("microtask") })
		loop.NextTick(func() {
			fmt.Println("tick")
			loop.NextTick(func() { fmt.Println("tick of a tick") })
		})
	})
	_ = loop.Post(func() { fmt.Println("the next callback") })
	_ = loop.Run(context.Background())
	// Output:
	// tick
	// tick of a tick
	// microtask
	// the next callback
}

// A microtask runs after the current callback: whoever calls open gets the connection's answer
// never before open has returned, though it is there already.
func ExampleLoop_Microtask() {
	loop := eventloop.New(eventloop.Config{})
	open := func(ready func()) { loop.Microtask(ready) }
	_ = loop.Post(func() {
		open(func() { fmt.Println("ready") })
		fmt.Println("opening")
	})
	_ = loop.Run(context.Background())
	// Output:
	// opening
	// ready
}

// Closures go to another executor and come back: the loop's state is touched only on the loop.
func ExampleLoop_OffloadRunner() {
	loop := eventloop.New(eventloop.Config{})
	workers := loop.OffloadRunner(quartet.Inline())
	total := 0
	_ = loop.Post(func() {
		for n := range 3 {
			sum := quartet.Go(context.Background(), workers, func(context.Context) (int, error) { return n * n, nil })
			eventloop.Then(loop, sum, func(square int, err error) { total += square })
		}
	})
	_ = loop.Run(context.Background())
	fmt.Println(total)
	// Output: 5
}

// Another side that does not answer in time ends the connection. Every answer moves the deadline.
func ExampleConn_SetReadDeadline() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	defer there.Close()
	_ = loop.Post(func() {
		conn, _ := loop.Attach(here)
		conn.OnData(func(p []byte) {
			fmt.Printf("%s\n", p)
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		})
		conn.OnClose(func(err error) { fmt.Println(errors.Is(err, os.ErrDeadlineExceeded)) })
	})
	go fmt.Fprint(there, "the only answer")
	_ = loop.Run(context.Background())
	// Output:
	// the only answer
	// true
}

// One connection may have another configuration than the loop's others.
func ExampleConn_Configure() {
	loop := eventloop.New(eventloop.Config{})
	here, there := net.Pipe()
	defer there.Close()
	_ = loop.Post(func() {
		conn, _ := loop.Attach(here)
		conn.Configure(eventloop.ConnConfig{HighWater: 8, LowWater: 2, SlowReader: eventloop.SlowDrop})
		_, err := conn.Write([]byte("a message of more than 8 bytes"))
		fmt.Println(errors.Is(err, eventloop.ErrSlowReader), conn.Dropped())
		conn.Abort()
	})
	_ = loop.Run(context.Background())
	// Output: true 1
}

// A loop's load is the share of the time in which it was not idle, between two looks at its Health.
func ExampleHealth_Utilization() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() {
		for begin := time.Now(); time.Since(begin) < 5*time.Millisecond; {
		}
	})
	before := loop.Health()
	_ = loop.Run(context.Background())
	busy := loop.Health().Utilization(before)
	fmt.Println(busy > 0, busy <= 1)
	// Output: true true
}
