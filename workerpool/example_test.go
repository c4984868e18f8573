package workerpool_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func ExampleNew() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 2, Queue: 16})
	defer pool.Close()

	fmt.Println(quartet.Do(ctx, pool, func(context.Context) (string, error) { return "hello", nil }))
	// Output: hello <nil>
}

func ExampleConfig() {
	seen := make(chan error, 1)
	pool := workerpool.New(workerpool.Config{
		Workers:    1,
		Queue:      1,
		Saturation: workerpool.Reject,
		OnPanic:    func(err error) { seen <- err },
	})
	_ = pool.Go(func() { panic("nobody awaits this") })
	var p *quartet.PanicError
	fmt.Println(errors.As(<-seen, &p), p.Value)

	_ = pool.Close()
	// Output: true nobody awaits this
}

func ExamplePool_Go() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	for i := range 3 {
		_ = pool.Go(func() { fmt.Println("leaf", i) })
	}
	_ = pool.Shutdown(context.Background())
	// Output:
	// leaf 0
	// leaf 1
	// leaf 2
}

func ExamplePool_TryGo() {
	pool := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
	hold := make(chan struct{})
	fmt.Println(pool.TryGo(func() { <-hold })) // runs
	fmt.Println(pool.TryGo(func() {}))         // waits in the queue
	fmt.Println(pool.TryGo(func() {}))         // finds no room
	close(hold)
	_ = pool.Shutdown(context.Background())
	// Output:
	// true
	// true
	// false
}

func ExamplePool_Shutdown() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	f := quartet.Go(ctx, pool, func(context.Context) (string, error) { return "finished first", nil })
	fmt.Println("shutdown:", pool.Shutdown(ctx))
	fmt.Println(f.Result())
	fmt.Println(pool.Go(func() {}))
	// Output:
	// shutdown: <nil>
	// finished first <nil>
	// quartet: executor is closed
}

// job is a Task that hears of it when it will never start.
type job struct {
	name  string
	ended chan struct{}
}

func (j job) Run(context.Context) {
	fmt.Println(j.name, "ran")
	close(j.ended)
}

func (j job) Abandon(cause error) {
	fmt.Println(j.name, "was abandoned:", cause)
	close(j.ended)
}

func ExamplePool_SubmitTask() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1})
	one := job{"one", make(chan struct{})}
	_ = pool.SubmitTask(ctx, one)
	<-one.ended

	hold := make(chan struct{})
	_ = pool.Go(func() { <-hold })

	bounded, cancel := context.WithCancelCause(ctx)
	two := job{"two", make(chan struct{})}
	_ = pool.SubmitTask(bounded, two)
	cancel(errors.New("too late")) // the submit's ctx bounds the wait in the queue
	<-two.ended
	close(hold)
	_ = pool.Close()
	// Output:
	// one ran
	// two was abandoned: too late
}

func ExamplePool_Stats() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	_ = pool.Go(func() {})
	_ = pool.Go(func() {})
	_ = pool.Shutdown(context.Background())
	_ = pool.Go(func() {})
	s := pool.Stats()
	fmt.Println(s.Submitted, s.Done, s.Rejected)
	// Output: 2 2 1
}
