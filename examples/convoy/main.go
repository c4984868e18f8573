// Convoy shows what a global lock does to a thread that waits often, beside one that computes: each
// time it comes back it gets the lock a switch interval late. # has the lock, . waits for it, > was
// given it by a thread that had to drop it, ~ waits for something else, and + does both in one
// column:
//
//	interval 5ms
//	         gil   q |11111                                                       | queued, at most 1
//	         gil   0 |+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+~~+|
//	         gil   1 |##################+######+######+########################   | cpu
//	         gil   2 |     +.....>+.....>~.....>~.....>~....>+~....>+.....>+..#++#| io
//	                  0                                                        57ms
//	                  0s–50ms: io waited 5ms for cpu, 8 times
//	ten waits of 1ms cost 42ms of waiting for the lock
//
//	interval 1ms
//	         gil   q |1                                                           | queued, at most 1
//	         gil   0 |+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+|
//	         gil   1 |###+##+####+##+#######+##+##################################| cpu
//	         gil   2 | +.>~.>~>+.>~.>~>+~>+.>~.>~>#                               | io
//	                  0                                                        55ms
//	                  0s–25.5ms: io waited 1ms for cpu, 11 times
//	ten waits of 1ms cost 11ms of waiting for the lock
//
//	free
//	         gil   0 |+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+|
//	         gil   1 |############################################################| cpu
//	         gil   2 |+#~#++++#~#~#++++#                                          | io
//	                  0                                                        50ms
//	ten waits of 1ms cost 0s of waiting for the lock
//
// With -svg FOLDER the same is written as pictures, one for each lock.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

func main() {
	folder := flag.String("svg", "", "also write pictures into this `folder`")
	flag.Parse()
	for i, policy := range []gil.Policy{
		gil.Interval(5 * time.Millisecond), gil.Interval(time.Millisecond),
		gil.Free(),
	} {
		timeline := &quartet.Timeline{}
		err := show(context.Background(), os.Stdout, policy, timeline)
		if err == nil && *folder != "" {
			err = draw(filepath.Join(*folder, fmt.Sprintf("convoy%d.svg", i+1)), timeline)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// show runs ten short waits beside 50 ms of computing, in virtual time, on two cores.
func show(ctx context.Context, w io.Writer, policy gil.Policy, timeline *quartet.Timeline) error {
	interpreter := gil.New(gil.Config{Policy: policy, Clock: gil.Virtual, Machine: gil.Ideal, Observer: timeline})
	_, err := quartet.Do(ctx, interpreter, func(ctx context.Context) (int, error) {
		cpu := quartet.Go(quartet.Label(ctx, "cpu"), interpreter, func(ctx context.Context) (int, error) {
			gil.Compute(ctx, 50*time.Millisecond)
			return 0, nil
		})
		io := quartet.Go(quartet.Label(ctx, "io"), interpreter, func(ctx context.Context) (int, error) {
			for range 10 {
				_ = quartet.Sleep(ctx, time.Millisecond)
				gil.Compute(ctx, 500*time.Microsecond)
			}
			return 0, nil
		})
		_, err := quartet.AwaitAll(ctx, cpu, io)
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
	for _, f := range interpreter.Report().Threads {
		if f.Label == "io" {
			fmt.Fprintf(w, "ten waits of 1ms cost %v of waiting for the lock\n\n", f.Wait.Round(100*time.Microsecond))
		}
	}
	return nil
}

// draw writes the picture that a browser shows.
func draw(file string, timeline *quartet.Timeline) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(timeline.WriteSVG(f, 0), f.Close())
}
