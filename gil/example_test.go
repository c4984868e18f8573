package gil_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// Two threads that compute share the lock, an interval at a time, whatever the number of cores: #
// has the lock, . waits for it, > got it from one that had to drop it.
func Example() {
	timeline := &quartet.Timeline{}
	interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal, Cores: 8, Observer: timeline})
	_, _ = quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		thread := func(ctx context.Context) (int, error) {
			gil.Compute(ctx, 20*time.Millisecond)
			return 0, nil
		}
		_, err := quartet.AwaitAll(ctx, quartet.Go(ctx, interpreter, thread), quartet.Go(ctx, interpreter, thread))
		return 0, err
	})
	_ = interpreter.Close()
	_ = timeline.WriteText(os.Stdout, 40)
	// Output:
	//          gil   q |11111                                   | queued, at most 1
	//          gil   0 |+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+~~~+|
	//          gil   1 |#####.....>####.....>####.....>####     |
	//          gil   2 |     #####.....>####.....>####.....#####|
	//                   0                                    40ms
}

// Native code that releases the lock runs beside other threads.
func ExampleReleased() {
	interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
	_, _ = quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		gil.Released(ctx, 20*time.Millisecond)
		return 0, nil
	})
	_ = interpreter.Close()
	f := interpreter.Report().Threads[0]
	fmt.Println(f.Computed, f.Run, f.Voluntary > 0)
	// Output: 20ms 0s true
}

// The convoy: each return from a wait costs an interval.
func ExampleInterval() {
	for _, policy := range []gil.Policy{
		gil.Interval(5 * time.Millisecond), gil.Interval(time.Millisecond),
		gil.Free(),
	} {
		interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal, Policy: policy})
		_, _ = quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
			cpu := quartet.Go(ctx, interpreter, func(ctx context.Context) (int, error) {
				gil.Compute(ctx, 100*time.Millisecond)
				return 0, nil
			})
			io := quartet.Go(quartet.Label(ctx, "io"), interpreter, func(ctx context.Context) (int, error) {
				for range 10 {
					_ = quartet.Sleep(ctx, time.Millisecond)
				}
				return 0, nil
			})
			_, err := quartet.AwaitAll(ctx, cpu, io)
			return 0, err
		})
		_ = interpreter.Close()
		for _, f := range interpreter.Report().Threads {
			if f.Label == "io" {
				fmt.Printf("%-14v waited for the lock for %v\n", policy, f.Wait.Round(time.Millisecond))
			}
		}
	}
	// Output:
	// interval 5ms   waited for the lock for 55ms
	// interval 1ms   waited for the lock for 11ms
	// free           waited for the lock for 0s
}

func ExampleCheckpoint() {
	interpreter := gil.New(gil.Config{}) // CPython's, in real time
	sum, err := quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		sum := 0
		for i := range 1000 {
			sum += i
			gil.Checkpoint(ctx) // between two "bytecodes"
		}
		return sum, nil
	})
	fmt.Println(sum, err, interpreter.Close())
	// Output: 499500 <nil> <nil>
}

// A C function that keeps the lock delays the other thread by all its time.
func ExampleHoldLock() {
	interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
	_, _ = quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		other := quartet.Go(ctx, interpreter, func(context.Context) (int, error) { return 0, nil })
		gil.HoldLock(ctx, 80*time.Millisecond)
		return other.Await(ctx)
	})
	_ = interpreter.Close()
	fmt.Println(interpreter.Report().Threads[0].Wait)
	// Output: 80ms
}

func ExampleFree() {
	for _, policy := range []gil.Policy{gil.Interval(5 * time.Millisecond), gil.Free()} {
		interpreter := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal, Cores: 4, Policy: policy})
		_, _ = quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
			threads := make([]*quartet.Future[int], 4)
			for i := range threads {
				threads[i] = quartet.Go(ctx, interpreter, func(ctx context.Context) (int, error) {
					gil.Compute(ctx, 100*time.Millisecond)
					return 0, nil
				})
			}
			_, err := quartet.AwaitAll(ctx, threads...)
			return 0, err
		})
		_ = interpreter.Close()
		figures := interpreter.Report().Threads
		main := figures[len(figures)-1]
		fmt.Printf("%-14v 4 x 100ms on 4 cores take %v\n", policy, main.Run+main.Wait+main.Blocked)
	}
	// Output:
	// interval 5ms   4 x 100ms on 4 cores take 400ms
	// free           4 x 100ms on 4 cores take 100ms
}

// One thread computes; the other one often waits, and gets the lock back late.
func ExampleCycle() {
	report, err := gil.Simulate(gil.Config{Machine: gil.Ideal}, 0,
		gil.StepThread{Label: "computes", Step: gil.Cycle(1, gil.Op{Do: gil.DoCompute, For: 50 * time.Millisecond})},
		gil.StepThread{
			Label: "waits",
			Step: gil.Cycle(3, gil.Op{Do: gil.DoSleep, For: time.Millisecond},
				gil.Op{Do: gil.DoCompute, For: time.Millisecond}),
		},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	first := report.Threads[0] // to end
	fmt.Printf("%s had the lock for %v, and wanted it for %v\n", first.Label, first.Run, first.Wait)
	// Output: waits had the lock for 3ms, and wanted it for 20ms
}
