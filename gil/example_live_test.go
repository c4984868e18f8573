package gil_test

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// Who has the lock of a running program, and how many want it.
func ExampleScheduler_Contention() {
	interpreter := gil.New(gil.Config{})
	ctx := context.Background()
	has, enough := make(chan struct{}), make(chan struct{})
	report := quartet.Go(quartet.Label(ctx, "report"), interpreter, func(context.Context) (int, error) {
		close(has)
		<-enough // the lock knows nothing of this wait: it is a C function that keeps the lock
		return 1, nil
	})
	<-has
	ping := quartet.Go(quartet.Label(ctx, "ping"), interpreter, func(context.Context) (int, error) { return 2, nil })
	for interpreter.Contention().Waiters == 0 {
		runtime.Gosched()
	}
	c := interpreter.Contention()
	fmt.Println(c.Holders, "has it,", c.Waiters, "wants it")

	close(enough)
	fmt.Println(quartet.AwaitAll(ctx, report, ping))
	fmt.Println(interpreter.Contention().Waiters, "wants it,", interpreter.Close())
	// Output:
	// [report] has it, 1 wants it
	// [1 2] <nil>
	// 0 wants it, <nil>
}

// The numbers of a scheduler are those of every executor.
func ExampleScheduler_Stats() {
	interpreter := gil.New(gil.Config{Clock: gil.Virtual})
	ctx := context.Background()
	threads := quartet.NewGroup(ctx, interpreter)
	for range 3 {
		threads.Go(func(ctx context.Context) error { return quartet.Sleep(ctx, 10*time.Millisecond) })
	}
	fmt.Println(threads.Wait(ctx), interpreter.Shutdown(ctx))
	s := interpreter.Stats()
	fmt.Println(s.Submitted, "submitted,", s.Done, "done,", s.Waiting, "waiting")
	// Output:
	// <nil> <nil>
	// 3 submitted, 3 done, 0 waiting
}

// A prediction for the machine at hand: where Calibrate cannot measure it, for a virtual machine
// under Linux.
func ExampleCalibrate() {
	machine, err := gil.Calibrate()
	if err != nil {
		machine = gil.LinuxVM
	}
	sleeper := gil.StepThread{Step: gil.Cycle(100, gil.Op{Do: gil.DoSleep, For: time.Millisecond})}
	report, err := gil.Simulate(gil.Config{Machine: machine}, 0, sleeper)
	fmt.Println("100 sleeps of 1 ms take longer than 100 ms:", report.Wall > 100*time.Millisecond, err)
	// Output: 100 sleeps of 1 ms take longer than 100 ms: true <nil>
}
