package gil

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// Three programs of the kind that people write, in straight-line code: the simulator's constants
// know nothing of them.

// program runs the main of a program that is to stop after l.dur(), with threads that compute
// beside it, and returns the times that its parts took.
func (l lab) program(main func(ctx context.Context, s *Scheduler, took func(time.Duration)) error) figures {
	var times []time.Duration
	_, err := Main(func(ctx context.Context, s *Scheduler) error {
		beside := quartet.NewGroup(ctx, s)
		stop := false
		for range int(l.arg("beside", 0)) {
			beside.Go(func(ctx context.Context) error {
				for !stop {
					Compute(ctx, l.piece)
				}
				return nil
			})
		}
		err := main(ctx, s, func(d time.Duration) { times = append(times, d) })
		stop = true
		return errors.Join(err, beside.Wait(ctx))
	}).Simulate(l.cfg(l.policy()))
	require.NoError(l, err)
	return figures{
		"per_s": float64(len(times)) / l.dur().Seconds(), "p50": quantile(times, .5),
		"p99": quantile(times, .99),
	}
}

// workers runs so many threads as the experiment says.
func (l lab) workers(ctx context.Context, s *Scheduler, work func(ctx context.Context) error) *quartet.Group {
	g := quartet.NewGroup(ctx, s)
	for range int(l.arg("workers", 1)) {
		g.Go(work)
	}
	return g
}

// simQueued is a thread that puts an item into a queue every few milliseconds, and workers that
// take them and compute.
func simQueued(l lab) figures {
	every, compute := l.millis("every", 1), l.micros("cpu", 200)
	return l.program(func(ctx context.Context, s *Scheduler, took func(time.Duration)) error {
		items := NewQueue[time.Time](0)
		g := l.workers(ctx, s, func(ctx context.Context) error {
			for {
				at, err := items.Get(ctx)
				if err != nil || at.IsZero() {
					return err
				}
				Compute(ctx, compute)
				took(Now(ctx).Sub(at))
			}
		})
		for end := Now(ctx).Add(l.dur()); Now(ctx).Before(end); {
			if err := quartet.Sleep(ctx, every); err != nil {
				return err
			}
			if err := items.Put(ctx, Now(ctx)); err != nil {
				return err
			}
		}
		for range int(l.arg("workers", 1)) {
			if err := items.Put(ctx, time.Time{}); err != nil {
				return err
			}
		}
		return g.Wait(ctx)
	})
}

// simRequests is a service whose requests arrive at a rate: a round computes, waits and computes
// again.
func simRequests(l lab) figures {
	wait, compute := l.millis("wait", 2), l.micros("cpu", 400)
	load := Load{
		Threads: int(l.arg("workers", 1)), Compute: Const(2 * compute), Wait: Const(wait),
		Arrivals: Exp(time.Duration(float64(time.Second) / l.arg("rate", 1))),
	}
	cfg := l.cfg(l.policy())
	m := newSimulation(cfg)
	run := &loadRun{load: load}
	m.loads = append(m.loads, run)
	m.s.spawn(&arrivals{run: run, work: newStream(l.seed, 0, forArrivals)}, -1, 0).abroad = true
	var took []time.Duration
	for range load.Threads {
		var t *vthread
		stage := 0
		var at time.Duration
		t = m.s.spawn(Step(func(now time.Duration) Op {
			stage++
			switch stage % 4 {
			case 1:
				if stage > 1 {
					took = append(took, now-at)
				}
				return Op{Do: DoGet}
			case 2:
				at = t.got
				return Op{Do: DoCompute, For: compute}
			case 3:
				return Op{Do: DoSleep, For: wait}
			}
			return Op{Do: DoCompute, For: compute}
		}), 0, 0)
	}
	require.NoError(l, m.Advance(context.Background(), l.dur()))
	return figures{
		"per_s": float64(len(took)) / l.dur().Seconds(), "p50": quantile(took, .5),
		"p99": quantile(took, .99),
	}
}

// simLogs is workers that compute, write a line to a log under a lock, and wait.
func simLogs(l lab) figures {
	wait, compute := l.millis("wait", 1), l.micros("cpu", 300)
	return l.program(func(ctx context.Context, s *Scheduler, took func(time.Duration)) error {
		var log Lock
		end := Now(ctx).Add(l.dur())
		return l.workers(ctx, s, func(ctx context.Context) error {
			for at := Now(ctx); at.Before(end); {
				Compute(ctx, compute)
				if err := log.Lock(ctx); err != nil {
					return err
				}
				Released(ctx, us)
				log.Unlock()
				if err := quartet.Sleep(ctx, wait); err != nil {
					return err
				}
				now := Now(ctx)
				took(now.Sub(at))
				at = now
			}
			return nil
		}).Wait(ctx)
	})
}
