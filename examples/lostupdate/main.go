// Lostupdate shows that neither a global lock nor a single-threaded loop makes code atomic. Two
// tasks count to a hundred each, in one variable:
//
//	                                           counted, of 200
//	global lock    read, compute, write                    153
//	global lock    compute, then read and write            200
//	event loop     read, await, write                      100
//	event loop     await, then read and write              200
//	pool, one key  read, await, write                      200
//
// Each step had the lock, or the loop, to itself; the three together had not. In Python n = f(n) is
// such a case: the call is a place where the thread may have to drop the lock. In JavaScript n = n
// + await f() is one. Under a key of the worker pool the next task starts when the one before has
// ended, whatever that waits for.
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

const rounds = 100 // of each of the two tasks

// step is what an increment does besides: compute, or wait.
type step func(ctx context.Context)

func compute(ctx context.Context) { gil.Compute(ctx, 100*time.Microsecond) }
func await(ctx context.Context)   { _ = quartet.Sleep(ctx, 100*time.Microsecond) }

// torn increments n with a step between the read and the write.
func torn(ctx context.Context, n *int, between step) {
	read := *n
	between(ctx)
	*n = read + 1
}

// whole increments n with the step before.
func whole(ctx context.Context, n *int, before step) {
	before(ctx)
	*n++
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	pool := workerpool.New(workerpool.Config{})
	python := gil.New(gil.Config{Clock: gil.Virtual}) // CPython's lock, simulated
	fmt.Fprintf(w, "%42s %15s\n", "", "counted, of 200")
	for _, try := range []struct {
		name      string
		model     quartet.Runner
		on        quartet.Runner // the model, or a view of it
		increment func(context.Context, *int, step)
		step      step
	}{
		{"global lock    read, compute, write", python, python, torn, compute},
		{"global lock    compute, then read and write", python, python, whole, compute},
		{"event loop     read, await, write", loop, loop, torn, await},
		{"event loop     await, then read and write", loop, loop, whole, await},
		{"pool, one key  read, await, write", pool, pool.Key("n"), torn, await},
	} {
		n, err := quartet.Do(ctx, try.model, func(ctx context.Context) (n int, err error) {
			g := quartet.NewGroup(ctx, try.on)
			for range 2 {
				g.Go(func(ctx context.Context) error {
					for range rounds {
						try.increment(ctx, &n, try.step)
					}
					return nil
				})
			}
			err = g.Wait(ctx)
			return n, err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%-43s %14d\n", try.name, n)
	}
	return errors.Join(python.Close(), loop.Close(), pool.Close())
}
