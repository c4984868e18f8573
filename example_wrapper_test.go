package quartet_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
)

// counting is a Runner that counts the submits to another one, those of nested tasks included.
type counting struct {
	quartet.Runner
	submits atomic.Int32
}

func (c *counting) SubmitCall(ctx context.Context, call quartet.Call) error {
	c.submits.Add(1)
	return c.Runner.SubmitCall(quartet.WithCurrent(ctx, c), call)
}

func (c *counting) SubmitTask(ctx context.Context, t quartet.Task) error {
	c.submits.Add(1)
	return c.Runner.SubmitTask(quartet.WithCurrent(ctx, c), t)
}

func ExampleWithCurrent() {
	c := &counting{Runner: quartet.Inline()}
	n, err := leaves.Do(context.Background(), c, 2) // fans out with Current
	fmt.Println(n, err)
	fmt.Println(c.submits.Load(), "submits")
	// Output:
	// 4 <nil>
	// 7 submits
}

// saying is a model that says what the task does, and blocks its goroutine.
type saying struct{}

func (saying) Executor() quartet.Executor { return quartet.Inline() }

func (saying) Suspend(ctx context.Context, arm func(resume func())) error {
	fmt.Println("the task suspends")
	return quartet.Suspend(quartet.Detach(ctx), arm)
}

func (saying) Sleep(ctx context.Context, d time.Duration) error {
	fmt.Println("the task sleeps")
	return quartet.Sleep(quartet.Detach(ctx), d)
}

func (saying) Block(ctx context.Context, fn func()) error {
	fmt.Println("the task blocks")
	return quartet.Block(quartet.Detach(ctx), fn)
}

func (saying) Yield(context.Context) { fmt.Println("the task yields") }

func ExampleWithModel() {
	ctx := quartet.WithModel(context.Background(), saying{})
	quartet.Yield(ctx)
	_ = quartet.Block(ctx, func() { fmt.Println("work") })
	quartet.Yield(quartet.Detach(ctx)) // a detached one is nobody's business
	// Output:
	// the task yields
	// the task blocks
	// work
}
