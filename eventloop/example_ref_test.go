package eventloop_test

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet/eventloop"
)

// A timer that is unreferenced does not keep the loop alive; Ref takes that back.
func ExampleTimer_Ref() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() {
		report := loop.AfterFunc(time.Millisecond, func() { fmt.Println("report") })
		report.Unref()
		loop.AfterFunc(time.Microsecond, report.Ref)
	})
	_ = loop.Run(context.Background())
	// Output: report
}

// The same of an immediate: without Ref the loop would end before this one.
func ExampleImmediate_Ref() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() {
		tidy := loop.Immediate(func() { fmt.Println("tidied up") })
		tidy.Unref()
		tidy.Ref()
	})
	_ = loop.Run(context.Background())
	// Output: tidied up
}

// A watchdog of one's own asks what the loop does now. It gets the stack of the callback.
func ExampleLoop_Busy() {
	loop := eventloop.New(eventloop.Config{
		SlowCallback: 4 * time.Millisecond, OnSlow: func(time.Duration, []byte) {},
	})
	loop.Start()
	defer loop.Close()
	started, end := make(chan struct{}), make(chan struct{})
	_ = loop.Post(func() {
		close(started)
		<-end // a wait without a name keeps the loop
	})
	<-started
	for {
		if ran, stack, ok := loop.Busy(); ok {
			fmt.Println(ran > 0, stack != "")
			break
		}
	}
	close(end)
	// Output: true true
}
