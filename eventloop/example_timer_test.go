package eventloop_test

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// A time limit for an answer: whoever comes first stops the other.
func ExampleLoop_AfterFunc() {
	loop := eventloop.New(eventloop.Config{})
	limit := loop.AfterFunc(time.Hour, func() { fmt.Println("too late") })
	_ = loop.Post(func() { fmt.Println("answered in time:", limit.Stop()) })
	_ = loop.Run(context.Background())
	// Output: answered in time: true
}

// Each sign of life puts the end off; Reset says whether the timer was still to fire.
func ExampleTimer_Reset() {
	loop := eventloop.New(eventloop.Config{})
	idle := loop.AfterFunc(time.Hour, func() { fmt.Println("idle") })
	fmt.Println(idle.Reset(time.Millisecond))
	_ = loop.Run(context.Background())
	fmt.Println(idle.Stop()) // it has fired
	// Output:
	// true
	// idle
	// false
}

// At a fixed rate the ticks that a long callback made impossible are counted and left out.
func ExampleFixedRate() {
	loop := eventloop.New(eventloop.Config{})
	runs := 0
	var every *eventloop.Timer
	every = loop.Every(time.Millisecond, func() {
		if runs++; runs == 2 {
			every.Stop()
			return
		}
		time.Sleep(5 * time.Millisecond) // keeps the loop
	}, eventloop.FixedRate())
	_ = loop.Run(context.Background())
	fmt.Println(runs, "runs, missed some:", every.Missed() >= 4)
	// Output: 2 runs, missed some: true
}

// Work in slices: between two immediates everything else gets its turn. Microtasks in their place
// would not let it.
func ExampleLoop_Immediate() {
	loop := eventloop.New(eventloop.Config{})
	var slice func(n int)
	slice = func(n int) {
		fmt.Println("slice", n)
		if n < 3 {
			loop.Immediate(func() { slice(n + 1) })
		}
	}
	_ = loop.Post(func() {
		slice(1)
		_ = loop.Post(func() { fmt.Println("a request") })
	})
	_ = loop.Run(context.Background())
	// Output:
	// slice 1
	// slice 2
	// a request
	// slice 3
}

func ExampleImmediate_Stop() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() {
		flush := loop.Immediate(func() { fmt.Println("flushed") })
		fmt.Println(flush.Stop(), flush.Stop())
	})
	_ = loop.Run(context.Background())
	// Output: true false
}

// Stop leaves the queued callbacks for the next Run; Close drops them.
func ExampleLoop_Stop() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.PostBatch(func() { loop.Stop() }, func() { fmt.Println("after the break") })
	fmt.Println(loop.Run(context.Background()))
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// <nil>
	// after the break
	// <nil>
}

// The program adds work when there is nothing left to do, once.
func ExampleConfig_beforeExit() {
	var loop *eventloop.Loop
	saved := false
	loop = eventloop.New(eventloop.Config{BeforeExit: func() {
		if !saved {
			saved = true
			_ = loop.Post(func() { fmt.Println("saved") })
		}
	}})
	_ = loop.Post(func() { fmt.Println("work") })
	_ = loop.Run(context.Background())
	// Output:
	// work
	// saved
}

// With StopOnPanic a callback's panic is the error of Run; without it, and without OnPanic, it
// crashes the program.
func ExampleConfig_stopOnPanic() {
	loop := eventloop.New(eventloop.Config{StopOnPanic: true})
	_ = loop.Post(func() { panic("no such room") })
	err := loop.Run(context.Background())
	fmt.Println(err.(*quartet.PanicError).Value)
	// Output: no such room
}
