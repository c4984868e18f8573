package quartet_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// The ctx of Await bounds the wait, not the task.
func ExampleFuture_Await() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	release := make(chan struct{})
	f := quartet.Go(context.Background(), pool, func(context.Context) (int, error) { <-release; return 1, nil })

	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("no time left"))
	fmt.Println(f.Await(ctx))
	close(release)
	fmt.Println(f.Await(context.Background()))
	// Output:
	// 0 no time left
	// 1 <nil>
}

// Done is for a select, outside of tasks; a task uses Await, so that its model sees the wait.
func ExampleFuture_Done() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	f := quartet.Go(context.Background(), pool, func(context.Context) (int, error) { return 42, nil })
	interrupt := make(chan struct{})
	select {
	case <-f.Done():
		fmt.Println(f.Result())
	case <-interrupt:
		fmt.Println("interrupted")
	}
	// Output: 42 <nil>
}

// The first error cancels the siblings. Those that end only because of that add no errors of their
// own.
func ExampleGroup_Go() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 2})
	defer pool.Close()

	g := quartet.NewGroup(ctx, pool)
	g.Go(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	g.Go(func(context.Context) error { return errors.New("disk full") })
	fmt.Println(g.Wait(ctx))
	// Output: disk full
}
