package quartet_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/big"

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

// A stream is a function whose Out is a sequence of pairs. Its items come while it runs, whatever
// executor that is on. The function is ahead of the loop by a few items at most, and ends when the
// loop does.
func ExampleDefine_stream() {
	primes := quartet.Define("example.primes", func(_ context.Context, from int) (iter.Seq2[int, error], error) {
		return func(yield func(int, error) bool) {
			defer fmt.Println("the function has ended")
			for n := from; ; n++ {
				if big.NewInt(int64(n)).ProbablyPrime(0) && !yield(n, nil) {
					return
				}
			}
		}, nil
	})
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()

	seq, err := primes.Do(context.Background(), pool, 1_000_000)
	if err != nil {
		fmt.Println(err)
		return
	}
	for n, err := range seq { // the call begins here
		if err != nil { // of the last pair: why the call has failed
			fmt.Println(err)
			return
		}
		fmt.Println(n)
		if n > 1_000_030 {
			break
		}
	}
	// Output:
	// 1000003
	// 1000033
	// the function has ended
}

func ExampleDisallowUnknownFields() {
	type answer struct{ Score int }
	same := func(_ context.Context, a answer) (answer, error) { return a, nil }
	quartet.Define("example.lenient", same)
	quartet.Define("example.strict", same, quartet.DisallowUnknownFields())
	for _, name := range []string{"example.lenient", "example.strict"} {
		out, err := quartet.Invoke(context.Background(), name, quartet.JSON{}, []byte(`{"Score":3,"Added":true}`))
		fmt.Println(string(out), err)
	}
	// Output:
	// {"Score":3} <nil>
	//  quartet: decoding the input of "example.strict": json: unknown field "Added"
}

func ExampleJSON() {
	type point struct{ X, Y int }
	var codec quartet.JSON
	data, err := codec.Append(nil, point{3, 4})
	fmt.Println(string(data), err)

	var p point
	fmt.Println(codec.Decode([]byte(`{"X":1,"Z":2}`), &p), p) // a newer version has added Z
	fmt.Println(codec.DisallowUnknownFields().Decode([]byte(`{"X":1,"Z":2}`), &p))
	// Output:
	// {"X":3,"Y":4} <nil>
	// <nil> {1 0}
	// json: unknown field "Z"
}
