package main

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/bench/versus"
	"github.com/quartet-go/quartet/procpool"
)

var (
	// burn computes for so many steps, of about a nanosecond each.
	burn = quartet.Define("bench.burn", func(_ context.Context, steps int) (int, error) { return burnt(steps), nil })
	nap  = quartet.Define("bench.nap", func(ctx context.Context, n int) (int, error) {
		return n, quartet.Sleep(ctx, time.Millisecond)
	})
)

func burnt(steps int) int {
	x := uint64(88172645463325252)
	for range steps {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return int(x & 1)
}

// breakEven compares two processes with one goroutine that does the same work, task by task: below
// 1 processes pay.
func breakEven() (cases []versus.Case) {
	for _, length := range []time.Duration{
		2 * time.Microsecond, 5 * time.Microsecond, 10 * time.Microsecond,
		20 * time.Microsecond, 100 * time.Microsecond, time.Millisecond,
	} {
		n, steps := int(400*time.Millisecond/length), stepsOf(length)
		cases = append(cases,
			versus.Case{
				Name: fmt.Sprintf("break-even: tasks that compute for %v, in flight together", length),
				Contenders: []versus.Contender{
					{Name: "quartet, 2 processes", Do: versus.Timed(n, with(func(p *procpool.Pool, n int) {
						together(p, burn, n, func(int) int { return steps })
					}))},
					{Name: "one goroutine", Do: versus.Timed(n, func(n int) time.Duration {
						began := time.Now()
						for range n {
							sink += burnt(steps)
						}
						return time.Since(began)
					})},
				},
			})
	}
	return cases
}

var sink int

// stepsOf is how many steps take d here.
func stepsOf(d time.Duration) int {
	const sample = 20_000_000
	began := time.Now()
	sink += burnt(sample)
	return int(sample * d / time.Since(began))
}
