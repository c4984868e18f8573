package gil_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// The global lock makes no operation of several steps atomic: between the read and the write
// another thread runs. A Lock of the program's own does.
func ExampleLock() {
	count := func(l *gil.Lock) int {
		n := 0
		interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
		for range 4 {
			_ = interpreter.SubmitTask(context.Background(), quartet.TaskFunc(func(ctx context.Context) {
				if l != nil {
					_ = l.Lock(ctx)
					defer l.Unlock()
				}
				read := n
				gil.Compute(ctx, 50*time.Millisecond) // much longer than the interval
				n = read + 1
			}))
		}
		_ = interpreter.Shutdown(context.Background())
		return n
	}
	fmt.Println("without, all four counted:", count(nil) == 4)
	fmt.Println("with, all four counted:", count(new(gil.Lock)) == 4)
	// Output:
	// without, all four counted: false
	// with, all four counted: true
}

// A consumer waits at the queue without the global lock.
func ExampleQueue() {
	interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
	q := gil.NewQueue[int](2)
	sum, err := quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		_ = interpreter.SubmitTask(ctx, quartet.TaskFunc(func(ctx context.Context) {
			for i := range 10 {
				_ = q.Put(ctx, i) // waits while there are two
			}
		}))
		sum := 0
		for range 10 {
			v, err := q.Get(ctx)
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum, nil
	})
	fmt.Println(sum, err, interpreter.Close())
	// Output: 45 <nil> <nil>
}

// As with every condition variable, the waiter looks again after Wait.
func ExampleCond() {
	interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
	c := gil.Cond{L: new(gil.Lock)}
	ready := false
	_, err := quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		_ = interpreter.SubmitTask(ctx, quartet.TaskFunc(func(ctx context.Context) {
			_ = quartet.Sleep(ctx, time.Second) // of virtual time
			_ = c.L.Lock(ctx)
			ready = true
			c.L.Unlock()
			c.Signal()
		}))
		if err := c.L.Lock(ctx); err != nil {
			return 0, err
		}
		defer c.L.Unlock()
		for !ready {
			if err := c.Wait(ctx); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	fmt.Println(ready, err, interpreter.Close())
	// Output: true <nil> <nil>
}

// Two threads take two Locks in opposite order: the one that would close the circle gets the error.
func ExampleDeadlockError() {
	interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
	var a, b gil.Lock
	both := func(first, second *gil.Lock) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			_ = first.Lock(ctx)
			defer first.Unlock()
			_ = quartet.Sleep(ctx, time.Millisecond) // the other one takes its first
			if err := second.Lock(ctx); err != nil {
				return 0, err
			}
			second.Unlock()
			return 0, nil
		}
	}
	_, err := quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		x := quartet.Go(ctx, interpreter, both(&a, &b))
		y := quartet.Go(ctx, interpreter, both(&b, &a))
		return 0, errors.Join(second(x.Await(ctx)), second(y.Await(ctx)))
	})
	var deadlock *gil.DeadlockError
	fmt.Println(errors.Is(err, quartet.ErrDeadlock), errors.As(err, &deadlock), interpreter.Close())
	// Output: true true <nil>
}

func second(_ int, err error) error { return err }
