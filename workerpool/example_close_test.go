package workerpool_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// Close cancels the ctx of started tasks and waits for them. It abandons queued ones.
func ExamplePool_Close() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1})
	busy := make(chan struct{})
	running := quartet.Go(ctx, pool, func(ctx context.Context) (string, error) {
		close(busy)
		<-ctx.Done()
		return "stopped in order", nil
	})
	<-busy
	queued := quartet.Go(ctx, pool, func(context.Context) (string, error) { return "never", nil })

	fmt.Println(pool.Close())
	fmt.Println(running.Result())
	_, err := queued.Result()
	fmt.Println(errors.Is(err, quartet.ErrClosed))
	// Output:
	// <nil>
	// stopped in order <nil>
	// true
}

// A view is for giving away: whoever has it can submit, but stop nothing.
func ExampleView() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	var customer quartet.Runner = pool.Key("Ada")
	fmt.Println(quartet.Do(context.Background(), customer, func(context.Context) (string, error) {
		return "in order", nil
	}))
	fmt.Println(customer.Close())
	// Output:
	// in order <nil>
	// quartet: a view of an executor cannot stop it
}
