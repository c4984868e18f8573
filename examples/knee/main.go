// Knee shows where a bounded pool stops to scale. More and more clients, each with one task in
// flight, use a pool of eight workers; a task takes 10 ms, in which it waits for something:
//
//	in flight   tasks/s   a task takes
//	        1       100           10ms  ###
//	        2       200           10ms  ######
//	        4       400           10ms  #############
//	        8       800           10ms  ##########################
//	       16       800           20ms  ##########################
//	       32       800           40ms  ##########################
//
// Up to the knee, which is at the number of workers, more in flight is more done. Beyond it the
// same is done, and every client waits longer: tasks in flight = tasks per second × the time that
// each takes (Little's law).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	workers = 8
	rounds  = 20 // tasks of each client
	pause   = 10 * time.Millisecond
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	fmt.Fprintln(w, "in flight   tasks/s   a task takes")
	for _, clients := range []int{1, 2, 4, 8, 16, 32} {
		perSecond, took, err := load(ctx, clients)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%9d %9.0f %14v  %s\n", clients, perSecond, took.Round(time.Millisecond),
			strings.Repeat("#", int(perSecond/30)))
	}
	return nil
}

// load returns how much a pool does for so many clients, and the median of how long they waited for
// a task.
func load(ctx context.Context, clients int) (perSecond float64, median time.Duration, err error) {
	pool := workerpool.New(workerpool.Config{Workers: workers})
	times, errs := make([]time.Duration, clients*rounds), make([]error, clients)
	began := time.Now()
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for i := range rounds {
				asked := time.Now()
				err := quartet.Run(ctx, pool, func(ctx context.Context) error { return quartet.Sleep(ctx, pause) })
				errs[client] = errors.Join(errs[client], err)
				times[client*rounds+i] = time.Since(asked)
			}
		})
	}
	wg.Wait()
	perSecond = float64(len(times)) / time.Since(began).Seconds()
	slices.Sort(times)
	return perSecond, times[len(times)/2], errors.Join(append(errs, pool.Close())...)
}
