package workerpool_test

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// Tasks lists the unfinished tasks: for a page, or for a log before a deploy.
func ExamplePool_Tasks() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()
	stop := pool.Watch(new(quartet.Timeline)) // a pool notes labels while somebody watches it
	defer stop()
	started, end := make(chan string), make(chan struct{})
	for _, name := range []string{"ada", "bob"} {
		ctx := quartet.Label(context.Background(), "mail to "+name)
		quartet.Go(ctx, pool, func(context.Context) (int, error) {
			started <- name
			<-end
			return 0, nil
		})
	}
	fmt.Println(<-started, "started")
	for _, queued := range []bool{false, true} {
		for _, task := range pool.Tasks(queued, 10) {
			fmt.Println(task.Task, task.Label, task.State)
		}
	}
	close(end)
	fmt.Println(<-started, "started")
	// Output:
	// ada started
	// 1 mail to ada started
	// 2 mail to bob queued
	// bob started
}

// A limit with a backlog of its own: one upload runs, one waits, the next is refused. The pool has
// room for others.
func ExampleLimited_AtMost() {
	pool := workerpool.New(workerpool.Config{Workers: 4, Saturation: workerpool.Reject})
	defer pool.Close()
	uploads, end := pool.Limit(1).AtMost(1), make(chan struct{})
	for range 3 {
		fmt.Println(uploads.SubmitTask(context.Background(), quartet.TaskFunc(func(context.Context) { <-end })))
	}
	fmt.Println(pool.Go(func() {}))
	close(end)
	// Output:
	// <nil>
	// <nil>
	// quartet: executor has no room
	// <nil>
}
