// Quickstart runs one function, unchanged, on every executor. It fans out: each call starts two
// more of itself where it runs, and awaits them. The results are equal, the times of one machine:
//
//	inline               1024 leaves      1.1ms
//	pool of one worker   1024 leaves     19.3ms
//	event loop           1024 leaves     25.2ms
//	process pool of one  1024 leaves    259.6ms
//	global lock          1024 leaves       13ms
//	the same, simulated  1024 leaves     21.3ms
//
// A row that does not end within two seconds is given up, with the reason.
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
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	depth    = 10 // 2 to the power of it are leaves
	patience = 2 * time.Second
)

// fan starts two more of itself wherever it runs, and awaits them.
var fan = quartet.Declare[int, int]("quickstart.fan")

func init() {
	fan.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		here, _ := quartet.Current(ctx)
		left, right := fan.Go(ctx, here, depth-1), fan.Go(ctx, here, depth-1)
		leaves, err := quartet.AwaitAll(ctx, left, right) // a wait that the function names
		if err != nil {
			return 0, err
		}
		return leaves[0] + leaves[1], nil
	})
}

func main() {
	procpool.Init() // a worker is this program, started again
	if err := run(context.Background(), os.Stdout, fan, patience); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run prints a row for each model. A row may take as long as patience.
func run(ctx context.Context, w io.Writer, fan *quartet.Func[int, int], patience time.Duration) error {
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
		fmt.Fprintf(w, "%-19s  %s\n", model.name, row(ctx, fan, model.ex, patience))
	}
	return nil
}

var errLate = errors.New("a wait that the function does not name has kept what the model has one of")

// row is what a model gives, or why it gives nothing in time.
func row(ctx context.Context, fan *quartet.Func[int, int], ex quartet.Executor, patience time.Duration) string {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errLate)
	defer cancel()
	began := time.Now()
	leaves, err := fan.Do(ctx, ex, depth)
	took := time.Since(began).Round(100 * time.Microsecond)
	if err != nil {
		go func() { _ = ex.Close() }() // it may wait for the function, for ever
		return fmt.Sprintf("given up after %v: %v", took, err)
	}
	if err := ex.Close(); err != nil {
		return fmt.Sprint("not closed: ", err)
	}
	return fmt.Sprintf("%d leaves  %9v", leaves, took)
}
