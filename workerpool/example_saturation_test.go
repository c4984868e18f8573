package workerpool_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// busy returns a pool of one worker that is taken until release, with one task in its queue of one.
func busy(s workerpool.Saturation) (pool *workerpool.Pool, queued *quartet.Future[string], release func()) {
	ctx := context.Background()
	pool = workerpool.New(workerpool.Config{Workers: 1, Queue: 1, Saturation: s})
	hold, started := make(chan struct{}), make(chan struct{})
	_ = pool.Go(func() { close(started); <-hold })
	<-started
	queued = quartet.Go(ctx, pool, func(context.Context) (string, error) { return "queued", nil })
	return pool, queued, func() { close(hold) }
}

// Wait is backpressure: the submitter is as slow as the pool, for as long as its ctx allows.
func ExampleSaturation_wait() {
	pool, _, release := busy(workerpool.Wait)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(pool.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) {})))
	release()
	fmt.Println(pool.Shutdown(context.Background()))
	// Output:
	// context deadline exceeded
	// <nil>
}

// Reject tells the caller at once, who can answer 429 then.
func ExampleSaturation_reject() {
	pool, _, release := busy(workerpool.Reject)
	err := pool.Go(func() {})
	fmt.Println(errors.Is(err, quartet.ErrSaturated))
	release()
	_ = pool.Shutdown(context.Background())
	// Output: true
}

// DropOldest is for work of which the newest is worth most.
func ExampleSaturation_dropOldest() {
	ctx := context.Background()
	pool, queued, release := busy(workerpool.DropOldest)
	newest := quartet.Go(ctx, pool, func(context.Context) (string, error) { return "newest", nil })
	_, err := queued.Await(ctx)
	fmt.Println(errors.Is(err, quartet.ErrDiscarded))
	release()
	fmt.Println(newest.Await(ctx))
	_ = pool.Shutdown(ctx)
	// Output:
	// true
	// newest <nil>
}

// Work whose answer would come too late is refused before it costs anything.
func ExampleConfig_rejectLate() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1, RejectLate: true, ExactTimes: true})
	slow := func(context.Context) (int, error) { time.Sleep(50 * time.Millisecond); return 0, nil }
	_, _ = quartet.Do(ctx, pool, slow) // the pool learns how long a task takes

	hold, started := make(chan struct{}), make(chan struct{})
	_ = pool.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) { close(started); <-hold }))
	<-started
	for range 40 {
		quartet.Go(ctx, pool, func(context.Context) (int, error) { return 0, nil })
	}
	fmt.Println(pool.ExpectedWait() >= 2*time.Second)
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := quartet.Do(soon, pool, slow)
	fmt.Println(errors.Is(err, quartet.ErrSaturated))
	close(hold)
	_ = pool.Shutdown(ctx)
	// Output:
	// true
	// true
}

// Without a queue a submit is refused unless a worker is free.
func ExampleNoQueue() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1, Queue: workerpool.NoQueue, Saturation: workerpool.Reject})
	hold := make(chan struct{})
	fmt.Println(pool.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) { <-hold })))
	fmt.Println(pool.TryGo(func() {}))
	close(hold)
	_ = pool.Shutdown(ctx)
	// Output:
	// <nil>
	// false
}

// The flood of one customer fills no more than its own backlog.
func ExampleView_AtMost() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1, Saturation: workerpool.Reject})
	noisy := pool.Key("noisy").AtMost(2)
	hold := make(chan struct{})
	wait := quartet.TaskFunc(func(context.Context) { <-hold })
	for range 4 { // one that runs, two behind it
		fmt.Println(noisy.SubmitTask(ctx, wait))
	}
	fmt.Println(pool.Key("quiet").SubmitTask(ctx, wait))
	close(hold)
	_ = pool.Shutdown(ctx)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// quartet: executor has no room
	// <nil>
}

// An estimate for a Retry-After header, or for a choice between two pools.
func ExamplePool_ExpectedWait() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 2})
	fmt.Println(pool.ExpectedWait())
	hold := make(chan struct{})
	for range 10 {
		_ = pool.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) { <-hold }))
	}
	time.Sleep(10 * time.Millisecond)
	fmt.Println(pool.ExpectedWait() >= 10*time.Millisecond, pool.Priority(workerpool.High).ExpectedWait() < time.Minute)
	close(hold)
	_ = pool.Shutdown(ctx)
	// Output:
	// 0s
	// true true
}
