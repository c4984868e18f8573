package gil_test

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// compute is a program of n threads that compute for 40 ms each.
func compute(n int) gil.StepProgram {
	return func() []gil.StepThread {
		threads := make([]gil.StepThread, n)
		for i := range threads {
			threads[i] = gil.StepThread{
				Interpreter: i,
				Step:        gil.Cycle(1, gil.Op{Do: gil.DoCompute, For: 40 * time.Millisecond}),
			}
		}
		return threads
	}
}

// Threads of interpreters with locks of their own run side by side, as far as there are cores.
func ExamplePerInterpreter() {
	for _, policy := range []gil.Policy{gil.CPython312(), gil.PerInterpreter(2, gil.CPython312()), gil.CPython313t()} {
		report, err := compute(2).Simulate(gil.Config{Machine: gil.Ideal, Cores: 2, Policy: policy})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(policy, report.Wall)
	}
	// Output:
	// interval 5ms 80ms
	// 2 × interval 5ms 40ms
	// free, +40% 56ms
}

// The request's ctx says which interpreter a task is a thread of.
func ExampleInInterpreter() {
	interpreters := gil.New(gil.Config{
		Clock: gil.Virtual, Machine: gil.Ideal, Cores: 2,
		Policy: gil.PerInterpreter(2, gil.CPython312()),
	})
	_, _ = quartet.Do(gil.InInterpreter(context.Background(), 0), interpreters, func(ctx context.Context) (int, error) {
		_ = interpreters.SubmitTask(gil.InInterpreter(ctx, 1), quartet.TaskFunc(func(ctx context.Context) {
			gil.Compute(ctx, 40*time.Millisecond)
		}))
		gil.Compute(ctx, 40*time.Millisecond)
		return 0, nil
	})
	_ = interpreters.Close()
	fmt.Printf("%.1f threads computed at a time\n", interpreters.Report().Parallelism)
	// Output: 2.0 threads computed at a time
}

// handing is a policy of its own: Interval's, but for who gets a lock that is released: who has
// waited for longest.
type handing struct{ gil.Policy }

func (handing) String() string { return "handing" }
func (handing) Release(_ gil.LockState, forced bool) gil.Release {
	return gil.Release{HandOff: true, Stay: forced}
}

// CPython's lock goes to who comes first, so a woken thread may find it taken. One that is handed
// over is never lost.
func ExamplePolicy() {
	service := gil.Workload{For: time.Second, Loads: []gil.Load{
		{Threads: 4, Compute: gil.Const(50 * time.Microsecond), Wait: gil.Const(50 * time.Microsecond)},
	}}
	interval := gil.Interval(5 * time.Millisecond)
	for _, policy := range []gil.Policy{interval, handing{interval}, gil.FIFO(5 * time.Millisecond)} {
		report, err := service.Simulate(gil.Config{Policy: policy})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(policy, "loses races:", report.Total.Lost > 0)
	}
	// Output:
	// interval 5ms loses races: true
	// handing loses races: false
	// fifo 5ms loses races: false
}

// A handle saves the look-up in the ctx where a hot loop looks at each step.
func ExampleThreadOf() {
	interpreter := gil.New(gil.Config{})
	sum, err := quartet.Do(context.Background(), interpreter, func(ctx context.Context) (int, error) {
		thread, sum := gil.ThreadOf(ctx), 0
		for i := range 1000 {
			sum += i
			thread.Checkpoint()
		}
		return sum, nil
	})
	fmt.Println(sum, err, interpreter.Close())
	// Output: 499500 <nil> <nil>
}

// A program in straight-line code, on one machine after the other.
func ExampleMain() {
	program := gil.Main(func(ctx context.Context, s *gil.Scheduler) error {
		g := quartet.NewGroup(ctx, s)
		for range 2 {
			g.Go(func(ctx context.Context) error {
				gil.Compute(ctx, 40*time.Millisecond)
				return nil
			})
		}
		return g.Wait(ctx)
	})
	table, err := gil.WhatIf(program, gil.Config{Machine: gil.Ideal}, []gil.Policy{gil.CPython313(), gil.Free()}, 1, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, report := range table {
		fmt.Println(report.Policy, report.Cores, report.Wall.Round(time.Millisecond))
	}
	// Output:
	// interval313 5ms 1 80ms
	// interval313 5ms 2 80ms
	// free 1 80ms
	// free 2 40ms
}

// The mean is what a closed form needs; a simulation samples.
func ExampleDist() {
	for _, d := range []gil.Dist{
		gil.Const(time.Millisecond), gil.Uniform(0, 2*time.Millisecond),
		gil.Exp(time.Millisecond),
	} {
		fmt.Println(d, "has a mean of", d.Mean())
	}
	// Output:
	// 1ms has a mean of 1ms
	// 0s–2ms has a mean of 1ms
	// exp 1ms has a mean of 1ms
}
