// Plain shows where Go's own tools are the better ones: the same three jobs with plain goroutines
// and with an executor. The results are equal, the times of one machine:
//
//	job                        plain Go                quartet
//	join 8 waits               WaitGroup    10.2ms     pool of 8     10.3ms
//	count to 10000             Mutex         200µs     event loop    16.7ms
//	1000 waits of 10ms         goroutines     12ms     pool of 8    1.3276s
//
// Joining is as short with a WaitGroup. One value needs a mutex, not a loop, which is for state
// that many callbacks, timers and connections share. And where tasks only wait, and their number is
// bounded anyway, a pool is a queue for nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	pause   = 10 * time.Millisecond
	workers = 8 // of the pool
	few     = 8
	counts  = 10_000
	many    = 1000
)

// job does one thing in two ways; each returns how much it has done.
type job struct {
	name           string
	plainly, with  string // what is used
	plain, quartet func(ctx context.Context) (int, error)
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	pool, loop := workerpool.New(workerpool.Config{Workers: workers}), eventloop.New(eventloop.Config{})
	loop.Start()
	ofWorkers := fmt.Sprint("pool of ", workers)
	fmt.Fprintf(w, "%-24s   %-23s %s\n", "job", "plain Go", "quartet")
	for _, j := range []job{
		{fmt.Sprintf("join %d waits", few), "WaitGroup", ofWorkers, goroutines(few), tasks(pool, few)},
		{fmt.Sprintf("count to %d", counts), "Mutex", "event loop", mutex(counts), owner(loop, counts)},
		{fmt.Sprintf("%d waits of %v", many, pause), "goroutines", ofWorkers, goroutines(many), tasks(pool, many)},
	} {
		plain, plainTook, err := timed(ctx, j.plain)
		if err != nil {
			return err
		}
		n, took, err := timed(ctx, j.quartet)
		if err != nil {
			return err
		}
		if n != plain {
			return fmt.Errorf("%s: %d plainly, %d on the %s", j.name, plain, n, j.with)
		}
		fmt.Fprintf(w, "%-24s   %-10s %8v     %-12s %7v\n", j.name, j.plainly, plainTook, j.with, took)
	}
	return errors.Join(loop.Close(), pool.Close())
}

func timed(ctx context.Context, do func(context.Context) (int, error)) (int, time.Duration, error) {
	began := time.Now()
	n, err := do(ctx)
	return n, time.Since(began).Round(100 * time.Microsecond), err
}

// goroutines waits n times at once, in a goroutine each.
func goroutines(n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) {
		var done atomic.Int64
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				time.Sleep(pause)
				done.Add(1)
			})
		}
		wg.Wait()
		return int(done.Load()), nil
	}
}

// tasks waits n times, as the pool's tasks.
func tasks(pool *workerpool.Pool, n int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		var done atomic.Int64
		g := quartet.NewGroup(ctx, pool)
		for range n {
			g.Go(func(ctx context.Context) error {
				defer done.Add(1)
				return quartet.Sleep(ctx, pause)
			})
		}
		err := g.Wait(ctx)
		return int(done.Load()), err
	}
}

// mutex counts under a mutex.
func mutex(n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) {
		var mu sync.Mutex
		count := 0
		for range n {
			mu.Lock()
			count++
			mu.Unlock()
		}
		return count, nil
	}
}

// owner counts on the loop, which owns the counter, and asks it for each new value.
func owner(loop *eventloop.Loop, n int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		count := 0
		increment := func(context.Context) (int, error) { count++; return count, nil }
		for range n - 1 {
			if _, err := quartet.Do(ctx, loop, increment); err != nil {
				return 0, err
			}
		}
		return quartet.Do(ctx, loop, increment)
	}
}
