package quartet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func ExampleGo() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 2})
	defer pool.Close()

	f := quartet.Go(ctx, pool, func(context.Context) (string, error) { return "done elsewhere", nil })
	fmt.Println(f.Await(ctx))
	// Output: done elsewhere <nil>
}

func ExampleGo_refused() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	pool.Close()

	// A refusal is a future that has failed already, so that nothing is dropped silently.
	_, err := quartet.Go(ctx, pool, func(context.Context) (int, error) { return 1, nil }).Result()
	fmt.Println(errors.Is(err, quartet.ErrClosed))
	// Output: true
}

func ExampleDo() {
	pool := workerpool.New(workerpool.Config{Workers: 2})
	defer pool.Close()

	n, err := quartet.Do(context.Background(), pool, func(context.Context) (int, error) { return 6 * 7, nil })
	fmt.Println(n, err)
	// Output: 42 <nil>
}

var shout = quartet.Define("example.shout", func(_ context.Context, s string) (string, error) {
	return strings.ToUpper(s) + "!", nil
})

func ExampleDefine() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	fmt.Println(shout.Name())
	fmt.Println(shout.Do(ctx, pool, "on a pool"))
	fmt.Println(shout.Do(ctx, quartet.Inline(), "inline"))
	fmt.Println(shout.Local(ctx, "a plain call"))
	// Output:
	// example.shout
	// ON A POOL! <nil>
	// INLINE! <nil>
	// A PLAIN CALL! <nil>
}

// A recursive function is declared first, since its body refers to it.
var leaves = quartet.Declare[int, int]("example.leaves")

func init() {
	leaves.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		ex, _ := quartet.Current(ctx)
		sub, err := quartet.AwaitAll(ctx, leaves.Go(ctx, ex, depth-1), leaves.Go(ctx, ex, depth-1))
		if err != nil {
			return 0, err
		}
		return sub[0] + sub[1], nil
	})
}

func ExampleDeclare() {
	// One worker is enough: a task that awaits lends its slot.
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()

	fmt.Println(leaves.Do(context.Background(), pool, 6))
	// Output: 64 <nil>
}

var double = quartet.Declare[int, int]("example.double")

func init() {
	double.Body(func(_ context.Context, n int) (int, error) { return 2 * n, nil })
}

// elsewhere has no body here: a worker in another language has it.
var elsewhere = quartet.Declare[int, int]("example.elsewhere")

func ExampleFunc_Body() {
	ctx := context.Background()
	fmt.Println(double.Local(ctx, 21))
	_, err := elsewhere.Local(ctx, 21)
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// quartet: function has no body in this program: "example.elsewhere"
}

func ExampleFunc_Map() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	for s, err := range shout.Map(context.Background(), pool, slices.Values([]string{"a", "b", "c"})) {
		fmt.Println(s, err)
	}
	// Output:
	// A! <nil>
	// B! <nil>
	// C! <nil>
}

func ExampleMap() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	half := func(_ context.Context, n int) (int, error) {
		if n%2 != 0 {
			return 0, fmt.Errorf("%d is odd", n)
		}
		return n / 2, nil
	}
	// Results keep the order of the inputs, and an error stands in its place.
	for n, err := range quartet.Map(context.Background(), pool, slices.Values([]int{8, 5, 2}), half) {
		fmt.Println(n, err)
	}
	// Output:
	// 4 <nil>
	// 0 5 is odd
	// 1 <nil>
}

func ExampleUnordered() {
	pool := workerpool.New(workerpool.Config{Workers: 2})
	defer pool.Close()

	first := make(chan struct{})
	work := func(_ context.Context, s string) (string, error) {
		if s == "slow" {
			<-first
		}
		return s, nil
	}
	in := slices.Values([]string{"slow", "fast"})
	for s := range quartet.Map(context.Background(), pool, in, work, quartet.Unordered(), quartet.Ahead(2)) {
		fmt.Println(s)
		if s == "fast" {
			close(first)
		}
	}
	// Output:
	// fast
	// slow
}

func ExampleAhead() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	endless := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
			fmt.Println("pulled", i)
		}
	}
	same := func(_ context.Context, n int) (int, error) { return n, nil }
	// Inputs are pulled as results are taken, so an endless sequence is fine.
	for n := range quartet.Map(context.Background(), pool, endless, same, quartet.Ahead(1)) {
		fmt.Println("result", n)
		if n == 1 {
			break
		}
	}
	// Output:
	// result 0
	// pulled 0
	// result 1
}

func ExampleAwaitAll() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	words, err := quartet.AwaitAll(ctx, shout.Go(ctx, pool, "one"), shout.Go(ctx, pool, "two"))
	fmt.Println(words, err)
	// Output: [ONE! TWO!] <nil>
}

func ExampleCompleted() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 2})
	defer pool.Close()

	release := make(chan struct{})
	slow := quartet.Go(ctx, pool, func(context.Context) (string, error) { <-release; return "slow", nil })
	fast := quartet.Go(ctx, pool, func(context.Context) (string, error) { return "fast", nil })
	for f, err := range quartet.Completed(ctx, slow, fast) {
		if err != nil {
			fmt.Println("ctx ended:", err)
			break
		}
		s, _ := f.Result()
		fmt.Println(s)
		if f == fast {
			close(release)
		}
	}
	// Output:
	// fast
	// slow
}

func ExampleGroup() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 2})
	defer pool.Close()

	g := quartet.NewGroup(ctx, pool)
	g.Go(func(ctx context.Context) error {
		<-ctx.Done() // the sibling's error cancels this one
		return ctx.Err()
	})
	g.Go(func(context.Context) error { return errors.New("no such host") })
	fmt.Println(g.Wait(ctx))
	// Output: no such host
}

func ExampleGroupGo() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	g := quartet.NewGroup(ctx, pool)
	a, b := quartet.GroupGo(g, shout, "left"), quartet.GroupGo(g, leaves, 3)
	if err := g.Wait(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Result())
	fmt.Println(b.Result())
	// Output:
	// LEFT! <nil>
	// 8 <nil>
}

func ExampleSuspend() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()

	// resume may be called from anywhere; here, from a task that runs on the slot that the first
	// one lends.
	err := quartet.Run(ctx, pool, func(ctx context.Context) error {
		return quartet.Suspend(ctx, func(resume func()) {
			_ = pool.Go(func() {
				fmt.Println("the slot is mine")
				resume()
			})
		})
	})
	fmt.Println("resumed", err)
	// Output:
	// the slot is mine
	// resumed <nil>
}

func ExampleSleep() {
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, errors.New("patience is over"))
	defer cancel()
	fmt.Println(quartet.Sleep(ctx, time.Hour))
	fmt.Println(quartet.Sleep(context.Background(), time.Millisecond))
	// Output:
	// patience is over
	// <nil>
}

func ExampleBlock() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	// On a loop fn would run off the loop, under a global lock without the lock; in a pool the
	// worker runs it.
	n, err := quartet.Do(context.Background(), pool, func(ctx context.Context) (n int, err error) {
		err = quartet.Block(ctx, func() { n = len("read from a slow disk") })
		return n, err
	})
	fmt.Println(n, err)
	// Output: 21 <nil>
}

func ExampleYield() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()

	long := func(ctx context.Context) error {
		short := quartet.Go(ctx, pool, func(context.Context) (int, error) { fmt.Println("short"); return 0, nil })
		fmt.Println("long, before")
		quartet.Yield(ctx) // lets the queued one run first
		_, err := short.Await(ctx)
		fmt.Println("long, after")
		return err
	}
	_ = quartet.Run(ctx, pool, long)
	// Output:
	// long, before
	// short
	// long, after
}

func ExampleDetach() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()

	err := quartet.Run(ctx, pool, func(ctx context.Context) error {
		ended := make(chan error, 1)
		own := quartet.Detach(ctx) // the slot belongs to this task, not to the goroutine it starts
		go func() { ended <- quartet.Sleep(own, time.Millisecond) }()
		return <-ended
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleCurrent() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	_, ok := quartet.Current(ctx)
	fmt.Println("outside a task:", ok)
	same, _ := quartet.Do(ctx, pool, func(ctx context.Context) (bool, error) {
		ex, _ := quartet.Current(ctx)
		return ex == quartet.Executor(pool), nil
	})
	fmt.Println("inside, the pool:", same)
	// Output:
	// outside a task: false
	// inside, the pool: true
}

func ExampleLabel() {
	ctx := quartet.Label(context.Background(), "resize")
	// What is submitted with ctx shows up in goroutine profiles with the label quartet=resize.
	_, err := quartet.Do(ctx, quartet.Inline(), func(context.Context) (int, error) { return 1, nil })
	fmt.Println(err)
	// Output: <nil>
}

func ExampleInvoke() {
	// What a worker does with a call that has arrived: the name, and the encoded input.
	out, err := quartet.Invoke(context.Background(), "example.shout", quartet.JSON{}, []byte(`"hello"`))
	fmt.Println(string(out), err)
	_, err = quartet.Invoke(context.Background(), "example.unknown", quartet.JSON{}, nil)
	fmt.Println(err)
	// Output:
	// "HELLO!" <nil>
	// quartet: function has no body in this program: "example.unknown" is not defined
}

func ExampleInline() {
	f := quartet.Go(context.Background(), quartet.Inline(), func(context.Context) (int, error) {
		fmt.Println("runs inside the submit")
		return 1, nil
	})
	fmt.Println(f.Result())
	// Output:
	// runs inside the submit
	// 1 <nil>
}

func ExamplePanicError() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	_, err := quartet.Do(context.Background(), pool, func(context.Context) (int, error) {
		panic("no such user")
	})
	var p *quartet.PanicError
	if errors.As(err, &p) {
		fmt.Println(p.Value)
		fmt.Println(strings.Contains(string(p.Stack), "ExamplePanicError"))
	}
	// Output:
	// no such user
	// true
}

func ExampleFuture_Cancel() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()

	started := make(chan struct{})
	running := quartet.Go(ctx, pool, func(ctx context.Context) (int, error) {
		close(started)
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
	<-started
	queued := quartet.Go(ctx, pool, func(context.Context) (int, error) { return 1, nil })

	why := errors.New("not needed any more")
	fmt.Println("never started:", queued.Cancel(why))
	fmt.Println("never started:", running.Cancel(why))
	_, err := running.Await(ctx)
	fmt.Println(err)
	// Output:
	// never started: true
	// never started: false
	// not needed any more
}

func ExampleFuture_OnDone() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	release, heard := make(chan struct{}), make(chan string)
	f := quartet.Go(ctx, pool, func(context.Context) (string, error) { <-release; return "news", nil })
	f.OnDone(func() {
		s, _ := f.Result()
		go func() { heard <- s }() // the hook itself must not block
	})
	close(release)
	fmt.Println(<-heard)
	// Output: news
}

func ExampleFuture_Result() {
	ctx := context.Background()
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()

	release := make(chan struct{})
	f := quartet.Go(ctx, pool, func(context.Context) (int, error) { <-release; return 1, nil })
	_, err := f.Result()
	fmt.Println(err)
	close(release)
	<-f.Done()
	fmt.Println(f.Result())
	// Output:
	// quartet: future has not ended
	// 1 <nil>
}

func ExampleHistogram() {
	var h quartet.Histogram
	for range 99 {
		h.Observe(time.Millisecond)
	}
	h.Observe(time.Second)
	fmt.Println(h.Count, h.Mean(), h.Max)
	fmt.Println("median at most", h.Quantile(0.5)) // bounds are powers of two
	fmt.Println("largest", h.Quantile(1))
	// Output:
	// 100 10.99ms 1s
	// median at most 1.048575ms
	// largest 1s
}
