package executortest

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause10 = []test{
	{"C10_Bubbles/idle_is_durably_blocked", 0, c10Idle},
	{"C10_Bubbles/two_executors_together", 0, c10Two},
}

// pause lets the bubble's other goroutines run, without asking them to be at rest.
func pause() { time.Sleep(time.Nanosecond) }

func c10Idle(e *env) {
	r := e.runner(Options{})
	for range 3 {
		_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) {
			return none{}, quartet.Sleep(ctx, time.Hour)
		})
		ok(e, "task", err)
		synctest.Wait() // an executor that spins or is in a system call would hang here
		time.Sleep(1000 * time.Hour)
	}
}

func c10Two(e *env) {
	a, b := e.runner(Options{}), e.runner(Options{})
	var hop func(ctx context.Context, from, to quartet.Runner, n int) (int, error)
	hop = func(ctx context.Context, from, to quartet.Runner, n int) (int, error) {
		if n == 0 {
			return 0, nil
		}
		v, err := quartet.Go(ctx, to,
			func(ctx context.Context) (int, error) { return hop(ctx, to, from, n-1) }).Await(ctx)
		return v + 1, err
	}
	n, err := quartet.Do(e.ctx(), a, func(ctx context.Context) (int, error) { return hop(ctx, a, b, 50) })
	ok(e, "hops between two executors", err)
	equal(e, "hops", n, 50)
}
