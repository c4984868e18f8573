// Sandbox runs code that may take its process with it. In a pool of processes the crash of one call is that call's typed
// error; the others, and the program, go on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// parse stands for a parser in C: some inputs end the process.
var parse = quartet.Define("sandbox.parse", func(_ context.Context, input string) (int, error) {
	switch input {
	case "panic":
		panic("unexpected end of input")
	case "exit":
		os.Exit(3)
	}
	return len(input), nil
})

func main() {
	procpool.Init() // a worker is this program, started again
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	pool, err := procpool.New(procpool.Config{Workers: 2})
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, input := range []string{"good", "panic", "exit", "good again"} {
		n, err := parse.Do(ctx, pool, input)
		var lost *procpool.WorkerLostError
		var panicked *quartet.PanicError
		switch {
		case errors.As(err, &lost):
			fmt.Fprintf(w, "%-10s  its worker ended with exit code %d\n", input, lost.ExitCode)
		case errors.As(err, &panicked):
			fmt.Fprintf(w, "%-10s  panicked: %v\n", input, panicked.Value)
		default:
			fmt.Fprintf(w, "%-10s  %d %v\n", input, n, err)
		}
	}
	return pool.Shutdown(ctx)
}
