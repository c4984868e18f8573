package workerpool_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// A pool of one worker computes a recursive function: a task that awaits lends its slot to what it
// awaits.
func Example_nestedAwait() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()
	var fib func(ctx context.Context, n int) (int, error)
	fib = func(ctx context.Context, n int) (int, error) {
		if n < 2 {
			return n, nil
		}
		a := quartet.Go(ctx, pool, func(ctx context.Context) (int, error) { return fib(ctx, n-1) })
		b := quartet.Go(ctx, pool, func(ctx context.Context) (int, error) { return fib(ctx, n-2) })
		v, err := quartet.AwaitAll(ctx, a, b)
		if err != nil {
			return 0, err
		}
		return v[0] + v[1], nil
	}
	fmt.Println(fib(context.Background(), 12))
	// Output: 144 <nil>
}

// Work that outlives the request keeps the request's values and loses its cancellation.
func Example_withoutCancel() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	request, cancel := context.WithCancel(quartet.Label(context.Background(), "audit"))
	hold := make(chan struct{})
	_ = pool.Go(func() { <-hold })
	_ = pool.SubmitTask(context.WithoutCancel(request), says("audited"))
	_ = pool.SubmitTask(request, says("never printed"))
	cancel() // the request is answered
	close(hold)
	_ = pool.Shutdown(context.Background())
	// Output: audited
}

func ExampleConfig_idle() {
	pool := workerpool.New(workerpool.Config{
		Workers:     100,
		MinWorkers:  2,               // these stay, for the next request
		IdleTimeout: 5 * time.Second, // the others go when they had nothing to do for so long
	})
	fmt.Println(quartet.Do(context.Background(), pool, func(context.Context) (int, error) { return 1, nil }))
	fmt.Println(pool.Close()) // now none is left
	// Output:
	// 1 <nil>
	// <nil>
}

// OnPanic also sees a panic that a future carries to its waiters.
func ExampleConfig_onPanic() {
	pool := workerpool.New(workerpool.Config{OnPanic: func(err error) {
		fmt.Println("seen:",
			err.(*quartet.PanicError).Value)
	}})
	_ = pool.Go(func() { panic("disk full") })
	fmt.Println(pool.Shutdown(context.Background()))
	// Output:
	// seen: disk full
	// <nil>
}

// The quantiles come from the snapshot, as upper bounds.
func ExamplePool_Stats_quantiles() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 2, ExactTimes: true})
	for range 10 {
		_ = pool.Go(func() { time.Sleep(time.Millisecond) })
	}
	_ = pool.Shutdown(ctx)
	run := pool.Stats().RunTime
	p50, p90, p99 := run.Quantile(0.5), run.Quantile(0.9), run.Quantile(0.99)
	fmt.Println(run.Count, p50 >= time.Millisecond, p50 <= p90 && p90 <= p99 && p99 <= run.Max)
	// Output: 10 true true
}

// log keeps events.
type log struct {
	mu     sync.Mutex
	events []quartet.Event
}

func (l *log) Observe(e quartet.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func ExampleConfig_observer() {
	seen := &log{}
	pool := workerpool.New(workerpool.Config{Workers: 1, Observer: seen})
	ctx := quartet.Label(context.Background(), "thumbnail")
	_ = pool.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) {}))
	_ = pool.Shutdown(ctx)
	slices.SortStableFunc(seen.events, func(a, b quartet.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind))
	})
	for _, e := range seen.events {
		fmt.Println(e.Executor, e.Task, e.Label, e.Kind)
	}
	// Output:
	// workerpool 1 thumbnail queued
	// workerpool 1 thumbnail started
	// workerpool 1 thumbnail ended
}
