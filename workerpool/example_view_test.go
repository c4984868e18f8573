package workerpool_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// says is a task that prints its name.
func says(name string) quartet.Task {
	return quartet.TaskFunc(func(context.Context) { fmt.Println(name) })
}

func ExamplePool_Priority() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1})
	hold, started := make(chan struct{}), make(chan struct{})
	_ = pool.Go(func() { close(started); <-hold })
	<-started
	_ = pool.Priority(workerpool.Low).SubmitTask(ctx, says("clean up"))
	_ = pool.SubmitTask(ctx, says("report"))
	_ = pool.Priority(workerpool.High).SubmitTask(ctx, says("login"))
	close(hold)
	_ = pool.Shutdown(ctx)
	// Output:
	// login
	// report
	// clean up
}

// The events of one account are handled in order, those of different accounts at once.
func ExamplePool_Key() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 8})
	var balance int // no mutex: only tasks of one key touch it
	account := pool.Key("account 7")
	for i := range 5 {
		_ = account.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) { balance = balance*10 + i + 1 }))
	}
	_ = pool.Shutdown(ctx)
	fmt.Println(balance)
	// Output: 12345
}

func ExamplePool_Limit() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 8})
	db := pool.Limit(2) // the database takes two connections
	var open, most atomic.Int32
	for range 20 {
		_ = db.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) {
			n := open.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Millisecond)
			open.Add(-1)
		}))
	}
	_ = pool.Shutdown(ctx)
	fmt.Println(most.Load() <= 2)
	// Output: true
}

func ExampleLimited_Key() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 4})
	mail := pool.Limit(2)
	for _, line := range []string{"hello", "how are you", "goodbye"} {
		_ = mail.Key("ada@example.com").SubmitTask(ctx, says(line))
	}
	_ = pool.Shutdown(ctx)
	// Output:
	// hello
	// how are you
	// goodbye
}

func ExamplePool_Resize() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	both := make(chan struct{}, 2)
	meet := func() {
		both <- struct{}{}
		for len(both) < 2 {
			time.Sleep(time.Millisecond)
		}
	}
	_ = pool.Go(meet)
	_ = pool.Go(meet) // with one worker the first would wait for ever
	pool.Resize(2)
	fmt.Println(pool.Shutdown(context.Background()), len(both))
	// Output: <nil> 2
}
