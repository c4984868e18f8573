// Sandbox runs code that may take its process with it. In a pool of processes each failure is that
// call's typed error; the others, and the program, go on:
//
//	good         4 bytes
//	panic        panicked: unexpected end of input
//	exit         its worker ended with exit code 3
//	memory       its worker was killed: it took too much memory
//	spin         its worker was killed: it ran too long
//	good again   10 bytes
//
//	the same six in a worker pool: the program ended with exit code 3, and all of them are lost
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

var inputs = []string{"good", "panic", "exit", "memory", "spin", "good again"}

// parse stands for a parser in C: some inputs end the process, or would.
var parse = quartet.Define("sandbox.parse", func(_ context.Context, input string) (int, error) {
	switch input {
	case "panic":
		panic("unexpected end of input")
	case "exit":
		os.Exit(3)
	case "memory":
		return leak(1 << 30), nil
	case "spin":
		for {
			leak(0)
		}
	}
	return len(input), nil
})

// leak takes memory, and uses it, until it is stopped or has n bytes.
func leak(n int) int {
	var kept [][]byte
	for len(kept) < n>>24 {
		chunk := make([]byte, 1<<24)
		for i := 0; i < len(chunk); i += 4096 {
			chunk[i] = 1
		}
		kept = append(kept, chunk)
		time.Sleep(10 * time.Millisecond)
	}
	return len(kept) << 24
}

// inPool parses in a worker pool. As a function of a worker it stands for a whole program that does
// so.
var inPool = quartet.Define("sandbox.in-pool", func(ctx context.Context, inputs []string) (int, error) {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()
	parsed := 0
	for _, input := range inputs {
		if _, err := parse.Do(ctx, pool, input); err == nil {
			parsed++
		}
	}
	return parsed, nil
})

func main() {
	procpool.Init() // a worker is this program, started again
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	pool, err := procpool.New(procpool.Config{
		Workers: 2, MemoryHard: 128 << 20, RunTimeout: 3 * time.Second, Grace: 100 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, input := range inputs {
		n, err := parse.Do(ctx, pool, input)
		fmt.Fprintf(w, "%-12s %s\n", input, outcome(n, err))
	}
	_, err = inPool.Do(ctx, pool, inputs)
	if lost, ok := errors.AsType[*procpool.WorkerLostError](err); ok {
		fmt.Fprintf(w,
			"\nthe same six in a worker pool: the program ended with exit code %d, and all of them are lost\n",
			lost.ExitCode)
	}
	return pool.Shutdown(ctx)
}

// outcome describes how a call ended.
func outcome(n int, err error) string {
	if panicked, ok := errors.AsType[*quartet.PanicError](err); ok {
		return fmt.Sprintf("panicked: %v", panicked.Value)
	}
	lost, ok := errors.AsType[*procpool.WorkerLostError](err)
	switch {
	case errors.Is(err, procpool.ErrMemory):
		return "its worker was killed: it took too much memory"
	case errors.Is(err, procpool.ErrRunTimeout):
		return "its worker was killed: it ran too long"
	case ok:
		return fmt.Sprintf("its worker ended with exit code %d", lost.ExitCode)
	case err != nil:
		return err.Error()
	}
	return fmt.Sprintf("%d bytes", n)
}
