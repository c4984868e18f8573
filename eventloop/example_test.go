package eventloop_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// The order of a turn, as in Node.
func Example() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() {
		loop.AfterFunc(0, func() { fmt.Println("5 timer, in the next turn") })
		loop.Immediate(func() { fmt.Println("4 immediate") })
		loop.Microtask(func() { fmt.Println("3 microtask") })
		loop.NextTick(func() { fmt.Println("2 tick") })
		fmt.Println("1 callback")
	})
	_ = loop.Run(context.Background())
	// Output:
	// 1 callback
	// 2 tick
	// 3 microtask
	// 4 immediate
	// 5 timer, in the next turn
}

// A task waits in straight-line code; the loop goes on meanwhile.
func ExampleLoop_SubmitTask() {
	loop := eventloop.New(eventloop.Config{})
	ctx := context.Background()
	_ = loop.SubmitTask(ctx, quartet.TaskFunc(func(ctx context.Context) {
		fmt.Println("a waits")
		_ = quartet.Sleep(ctx, time.Millisecond)
		fmt.Println("a goes on")
	}))
	_ = loop.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) { fmt.Println("b runs") }))
	_ = loop.Run(ctx)
	// Output:
	// a waits
	// b runs
	// a goes on
}

// State that only the loop touches needs no mutex.
func ExampleLoop_Post() {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	count, done := 0, make(chan struct{})
	for range 10 {
		go func() {
			_ = loop.Post(func() {
				if count++; count == 10 {
					close(done)
				}
			})
		}()
	}
	<-done
	_ = loop.Close()
	fmt.Println(count, loop.Post(func() {}))
	// Output: 10 quartet: executor is closed
}

func ExampleLoop_PostBatch() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.PostBatch(func() { fmt.Print("a ") }, func() { fmt.Println("b") })
	_ = loop.Run(context.Background())
	// Output: a b
}

func ExampleLoop_Run() {
	loop := eventloop.New(eventloop.Config{})
	ctx, cancel := context.WithCancelCause(context.Background())
	loop.AfterFunc(time.Hour, func() {})
	_ = loop.Post(func() { cancel(errors.New("enough")) })
	fmt.Println(loop.Run(ctx))
	// Output: enough
}

func ExampleLoop_Every() {
	loop := eventloop.New(eventloop.Config{})
	ticks := 0
	var every *eventloop.Timer
	every = loop.Every(time.Millisecond, func() {
		if ticks++; ticks == 3 {
			every.Stop()
		}
	}, eventloop.FixedRate())
	_ = loop.Run(context.Background()) // ends when the interval is stopped
	fmt.Println(ticks)
	// Output: 3
}

func ExampleTimer_Unref() {
	loop := eventloop.New(eventloop.Config{})
	loop.AfterFunc(time.Hour, func() {}).Unref()
	fmt.Println(loop.Run(context.Background())) // at once
	// Output: <nil>
}

func ExampleLoop_KeepAlive() {
	loop := eventloop.New(eventloop.Config{})
	release := loop.KeepAlive("a reply from elsewhere")
	go func() {
		_ = loop.Post(func() { fmt.Println("the reply") })
		release()
	}()
	_ = loop.Run(context.Background())
	// Output: the reply
}

// A computation goes to a pool, or any other executor; its result comes back to the loop.
func ExampleThen() {
	loop := eventloop.New(eventloop.Config{})
	result := quartet.Go(context.Background(), quartet.Inline(), func(context.Context) (int, error) {
		return 6 * 7, nil
	})
	eventloop.Then(loop, result, func(v int, err error) { fmt.Println(v, err) })
	_ = loop.Run(context.Background())
	// Output: 42 <nil>
}

func ExampleLoop_Shutdown() {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	result := quartet.Go(context.Background(), loop, func(ctx context.Context) (string, error) {
		return "drained", quartet.Sleep(ctx, time.Millisecond)
	})
	fmt.Println(loop.Shutdown(context.Background()))
	fmt.Println(result.Result())
	// Output:
	// <nil>
	// drained <nil>
}

func ExampleLoop_Health() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() { loop.Microtask(func() {}) })
	_ = loop.Run(context.Background())
	h := loop.Health()
	fmt.Println(h.Posted, h.Microtasks, h.Timers)
	// Output: 1 1 0
}
