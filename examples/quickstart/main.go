// Quickstart runs one function, unchanged, on every executor.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// fan starts two more of itself wherever it runs, and awaits them.
var fan = quartet.Declare[int, int]("quickstart.fan")

func init() {
	fan.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		here, _ := quartet.Current(ctx)
		leaves, err := quartet.AwaitAll(ctx, fan.Go(ctx, here, depth-1), fan.Go(ctx, here, depth-1))
		if err != nil {
			return 0, err
		}
		return leaves[0] + leaves[1], nil
	})
}

func main() {
	procpool.Init() // a worker is this program, started again
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	processes, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		return err
	}
	for _, model := range []struct {
		name string
		ex   quartet.Executor
	}{
		{"inline", quartet.Inline()},
		{"pool of one worker", workerpool.New(workerpool.Config{Workers: 1})},
		{"event loop", loop},
		{"process pool of one", processes},
		{"global lock", gil.New(gil.Config{})},
		{"the same, simulated", gil.New(gil.Config{Clock: gil.Virtual})},
	} {
		leaves, err := fan.Do(ctx, model.ex, 10)
		if err != nil {
			return fmt.Errorf("%s: %w", model.name, err)
		}
		fmt.Fprintf(w, "%-19s  %d leaves\n", model.name, leaves)
		if err := model.ex.Shutdown(ctx); err != nil {
			return fmt.Errorf("%s: %w", model.name, err)
		}
	}
	return nil
}
