// Waits shows the one idea of the module: models differ in what happens when a task waits, so a
// task has to say that it waits. Twenty tasks wait for 10 ms each, in three ways, on three models:
//
//	20 tasks, 10ms each       event loop   pool of 4   global lock
//	quartet.Sleep                  10ms        50ms          10ms
//	time.Sleep in Block            10ms        50ms          10ms
//	time.Sleep                    200ms        50ms         200ms
//
// The last line is a wait that the task does not name: it keeps the loop, and the lock. A pool does
// not mind, because a worker that blocks is what a pool is.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	tasks   = 20
	workers = 4 // of the pool
	pause   = 10 * time.Millisecond
)

var words = []struct {
	name string
	wait func(ctx context.Context) error
}{
	{"quartet.Sleep", func(ctx context.Context) error { return quartet.Sleep(ctx, pause) }},
	{
		"time.Sleep in Block",
		func(ctx context.Context) error { return quartet.Block(ctx, func() { time.Sleep(pause) }) },
	},
	{"time.Sleep", func(context.Context) error { time.Sleep(pause); return nil }},
}

var models = []func() quartet.Runner{
	func() quartet.Runner {
		loop := eventloop.New(eventloop.Config{})
		loop.Start()
		return loop
	},
	func() quartet.Runner { return workerpool.New(workerpool.Config{Workers: workers}) },
	func() quartet.Runner { return gil.New(gil.Config{}) },
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "%d tasks, %v each %16s %11s %13s\n", tasks, pause, "event loop", fmt.Sprint("pool of ", workers),
		"global lock")
	for _, word := range words {
		fmt.Fprintf(w, "%-20s", word.name)
		for i, model := range models {
			took, err := measure(ctx, model(), word.wait)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, " %*v", []int{14, 11, 13}[i], took.Round(pause))
		}
		fmt.Fprintln(w)
	}
	return nil
}

// measure is how long the tasks take together.
func measure(ctx context.Context, model quartet.Runner, wait func(context.Context) error) (time.Duration, error) {
	began := time.Now()
	g := quartet.NewGroup(ctx, model)
	for range tasks {
		g.Go(wait)
	}
	err := g.Wait(ctx)
	return time.Since(began), errors.Join(err, model.Close())
}
