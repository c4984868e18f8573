package quartet_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// mail is a task of its own type, which hears of it when it will never start.
type mail struct{ to string }

func (m mail) Run(context.Context) { fmt.Println("sent to", m.to) }
func (m mail) Abandon(cause error) { fmt.Printf("not sent to %s: %v\n", m.to, cause) }

func ExampleTask() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	busy := make(chan struct{})
	_ = pool.SubmitTask(context.Background(), quartet.TaskFunc(func(ctx context.Context) {
		close(busy)
		<-ctx.Done() // cancelled by Close
	}))
	<-busy
	_ = pool.SubmitTask(context.Background(), mail{"Ada"})
	_ = pool.Close()
	// Output: not sent to Ada: quartet: executor is closed
}

// Names are for a whole program, so functions are made at package level.
var (
	twice  = quartet.Define("example.task.twice", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	abroad = quartet.Declare[int, int]("example.task.abroad") // in a worker of another language
)

// A function without a body here can run in a process pool only.
func ExampleFunc_Local() {
	fmt.Println(twice.Local(context.Background(), 21))
	_, err := abroad.Do(context.Background(), quartet.Inline(), 21)
	fmt.Println(errors.Is(err, quartet.ErrNoBody))
	// Output:
	// 42 <nil>
	// true
}

// steps prints what happens to the tasks. Any Config takes it.
type steps struct{}

func (steps) Observe(e quartet.Event) { fmt.Println(e.Task, e.Label, e.Kind) }

func ExampleObserver() {
	pool := workerpool.New(workerpool.Config{Observer: steps{}})
	defer pool.Close()
	ctx := quartet.Label(context.Background(), "report")
	_ = pool.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) {}))
	_ = pool.Shutdown(context.Background())
	// Unordered output:
	// 1 report queued
	// 1 report started
	// 1 report ended
}

func ExampleJSON() {
	type point struct{ X, Y int }
	var codec quartet.JSON
	data, err := codec.Append(nil, point{3, 4})
	fmt.Println(string(data), err)

	var p point
	fmt.Println(codec.Decode([]byte(`{"X":1,"Z":2}`), &p) != nil) // Z would be lost
	// Output:
	// {"X":3,"Y":4} <nil>
	// true
}
