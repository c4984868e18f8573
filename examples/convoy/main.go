// Convoy shows what a global lock does to a thread that waits often, beside one that computes: each time it comes back
// it gets the lock a switch interval late.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

func main() {
	for _, policy := range []gil.Policy{gil.Interval(5 * time.Millisecond), gil.Interval(time.Millisecond), gil.Free()} {
		if err := show(context.Background(), os.Stdout, policy); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// show runs ten short waits beside 50 ms of computing, in virtual time, on two cores.
func show(ctx context.Context, w io.Writer, policy gil.Policy) error {
	timeline := &quartet.Timeline{}
	interpreter := gil.New(gil.Config{Policy: policy, Clock: gil.Virtual, Machine: gil.Ideal, Observer: timeline})
	_, err := quartet.Do(ctx, interpreter, func(ctx context.Context) (int, error) {
		computes := quartet.Go(quartet.Label(ctx, "computes"), interpreter, func(ctx context.Context) (int, error) {
			gil.Compute(ctx, 50*time.Millisecond)
			return 0, nil
		})
		waits := quartet.Go(quartet.Label(ctx, "waits"), interpreter, func(ctx context.Context) (int, error) {
			for range 10 {
				_ = quartet.Sleep(ctx, time.Millisecond)
				gil.Compute(ctx, 500*time.Microsecond)
			}
			return 0, nil
		})
		_, err := quartet.AwaitAll(ctx, computes, waits)
		return 0, err
	})
	if err != nil {
		return err
	}
	if err := interpreter.Shutdown(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "%v\n", policy)
	if err := timeline.WriteText(w, 60); err != nil {
		return err
	}
	for _, f := range interpreter.Figures() {
		if f.Label == "waits" {
			fmt.Fprintf(w, "ten waits of 1ms cost %v of waiting for the lock\n\n", f.Wait.Round(100*time.Microsecond))
		}
	}
	return nil
}
