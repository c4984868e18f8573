package workerpool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	lateMean   = 20 * time.Millisecond  // of the run times
	lateBudget = 200 * time.Millisecond // from the submit to the deadline
	lateFor    = 20 * time.Second       // of virtual time
)

var overloads = []float64{1.5, 3, 10}

// runTime is a distribution of run times. best has, for each of the overloads, the threshold on
// ExpectedWait that serves the most in time: -long looks for a better one.
type runTime struct {
	name string
	draw func(*rand.Rand) time.Duration
	best [3]float64
}

var runTimes = []runTime{
	{"constant", func(*rand.Rand) time.Duration { return lateMean }, [3]float64{0.8, 0.8, 0.8}},
	{"uniform", func(r *rand.Rand) time.Duration {
		return lateMean/4 + time.Duration(1.5*r.Float64()*float64(lateMean))
	}, [3]float64{0.6, 0.6, 0.6}},
	{"exponential", func(r *rand.Rand) time.Duration {
		return time.Duration(r.ExpFloat64() * float64(lateMean))
	}, [3]float64{0.4, 0.2, 0.1}},
	{"bimodal", func(r *rand.Rand) time.Duration {
		if r.Float64() < 0.1 {
			return 155 * time.Millisecond
		}
		return 5 * time.Millisecond
	}, [3]float64{0.2, 0.1, 0.1}},
}

// served is what became of the tasks of an open load.
type served struct{ inTime, late, refused, dropped int }

// accepted is how many were accepted and not told at once that they will not run.
func (s served) accepted() int { return s.inTime + s.late }

func (s served) share() float64 { return float64(s.late) / float64(max(1, s.accepted())) }

// offer submits tasks of two workers at that multiple of what these bear, in a bubble. threshold:
// the submitter refuses what would wait for longer than this share of its time; 0: it does not.
func offer(t *testing.T, cfg workerpool.Config, draw func(*rand.Rand) time.Duration, load,
	threshold float64,
) (s served) {
	synctest.Test(t, func(t *testing.T) {
		cfg.Workers = 2
		p := workerpool.New(cfg)
		arrivals, runs := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
		var mu sync.Mutex
		// The tasks that start have the same run times in the same order under each policy.
		run := func() { mu.Lock(); d := draw(runs); mu.Unlock(); time.Sleep(d) }
		count := func(n *int) { mu.Lock(); *n++; mu.Unlock() }
		var all sync.WaitGroup
		for end := time.Now().Add(lateFor); time.Now().Before(end); {
			all.Go(func() {
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), lateBudget)
				defer cancel()
				if threshold > 0 && p.ExpectedWait() > time.Duration(threshold*float64(lateBudget)) {
					count(&s.refused)
					return
				}
				_, err := quartet.Go(ctx, p,
					func(context.Context) (int, error) { run(); return 0, nil }).Await(t.Context())
				switch {
				case errors.Is(err, quartet.ErrSaturated):
					count(&s.refused)
				case errors.Is(err, quartet.ErrDiscarded):
					count(&s.dropped)
				case err != nil || time.Since(began) > lateBudget:
					count(&s.late)
				default:
					count(&s.inTime)
				}
			})
			time.Sleep(time.Duration(arrivals.ExpFloat64() * float64(lateMean) / 2 / load))
		}
		all.Wait()
		require.NoError(t, p.Shutdown(t.Context()))
	})
	return s
}

// Of what RejectLate accepts under an overload at most LateShare is late, and it serves about as
// many in time as the best fixed threshold on ExpectedWait, which nobody knows beforehand.
func TestRejectLateUnderOverload(t *testing.T) {
	for _, times := range runTimes {
		t.Run(times.name, func(t *testing.T) {
			t.Parallel()
			for i, load := range overloads {
				if !raceEnabled || i == 1 { // one is enough to find a race
					underOverload(t, times, load, times.best[i])
				}
			}
		})
	}
}

func underOverload(t *testing.T, times runTime, load, threshold float64) {
	fixed := workerpool.Config{Saturation: workerpool.Reject}
	best := offer(t, fixed, times.draw, load, threshold).inTime
	if executortest.Long() {
		for _, other := range []float64{0.1, 0.2, 0.4, 0.6, 0.8} {
			require.LessOrEqual(t, offer(t, fixed, times.draw, load, other).inTime, best,
				"%s at %v: a threshold of %v serves more than %v", times.name, load, other, threshold)
		}
	}
	for _, cfg := range []workerpool.Config{
		{Queue: 8, Saturation: workerpool.Wait},
		{Queue: 8, Saturation: workerpool.Reject},
		{Queue: 8, Saturation: workerpool.DropOldest},
		{Queue: 1024}, // it is never full, so that its saturation decides nothing
	} {
		cfg.RejectLate = true
		s := offer(t, cfg, times.draw, load, 0)
		what := fmt.Sprintf("%s at %v, queue %d, saturation %v: %+v, late %.3f, %.3f of the best threshold's %d in time",
			times.name, load, cfg.Queue, cfg.Saturation, s, s.share(), float64(s.inTime)/float64(best), best)
		t.Log(what)
		require.LessOrEqual(t, s.share(), 0.05, what)
		require.GreaterOrEqual(t, float64(s.inTime), 0.98*float64(best), what)
	}
}

// overloaded returns a pool of one worker that knows tasks of 100 ms.
func overloaded(t *testing.T, cfg workerpool.Config) *workerpool.Pool {
	cfg.Workers, cfg.RejectLate = 1, true
	p := workerpool.New(cfg)
	for range 4 {
		_, err := quartet.Do(t.Context(), p, tenth)
		require.NoError(t, err)
	}
	return p
}

// tenth is a task that takes a tenth of a second.
func tenth(context.Context) (int, error) { time.Sleep(100 * time.Millisecond); return 1, nil }

// within submits a task of a tenth of a second with a deadline.
func within(t *testing.T, r quartet.Runner, d time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	_, err := quartet.Go(ctx, r, tenth).Result()
	if errors.Is(err, quartet.ErrPending) {
		return nil
	}
	return err
}

// A task is judged by whom it really waits for.
func TestRejectLateJudgesTheTaskItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overloaded(t, workerpool.Config{})
		low := p.Priority(workerpool.Low)
		for range 20 {
			quartet.Go(t.Context(), low, tenth)
		}
		require.Equal(t, 2*time.Second, low.ExpectedWait())
		require.ErrorIs(t, within(t, low, time.Second), quartet.ErrSaturated)
		require.NoError(t, within(t, p.Priority(workerpool.High), 250*time.Millisecond), "it passes the low ones")
		require.NoError(t, p.Shutdown(t.Context()))
	})
	synctest.Test(t, func(t *testing.T) {
		p := overloaded(t, workerpool.Config{})
		for range 20 {
			quartet.Go(t.Context(), p.Priority(workerpool.High), tenth)
		}
		require.ErrorIs(t, within(t, p, 300*time.Millisecond), quartet.ErrSaturated, "the high ones pass it")
		require.NoError(t, p.Shutdown(t.Context()))
	})
	synctest.Test(t, func(t *testing.T) {
		p := overloaded(t, workerpool.Config{})
		p.Resize(2)
		busy, idle := p.Key("busy"), p.Key("idle")
		for range 20 {
			quartet.Go(t.Context(), busy, tenth)
		}
		synctest.Wait()
		require.InDelta(t, 2*time.Second, busy.ExpectedWait(), float64(200*time.Millisecond))
		require.Zero(t, idle.ExpectedWait())
		require.ErrorIs(t, within(t, busy, time.Second), quartet.ErrSaturated, "nineteen of its key are before it")
		require.NoError(t, within(t, idle, 150*time.Millisecond), "no task of its key is before it")
		require.NoError(t, p.Shutdown(t.Context()))
	})
	synctest.Test(t, func(t *testing.T) {
		p := overloaded(t, workerpool.Config{})
		p.Resize(4)
		limit := p.Limit(2)
		for range 20 {
			quartet.Go(t.Context(), limit, tenth)
		}
		synctest.Wait()
		require.InDelta(t, time.Second, limit.ExpectedWait(), float64(100*time.Millisecond))
		require.ErrorIs(t, within(t, limit, 500*time.Millisecond), quartet.ErrSaturated)
		require.NoError(t, within(t, p, 150*time.Millisecond))
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// Where all workers hang, what waits for them is not accepted for ever.
func TestRejectLateSeesAHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overloaded(t, workerpool.Config{})
		release := make(chan struct{})
		hang := quartet.Go(t.Context(), p, func(context.Context) (int, error) { <-release; return 0, nil })
		time.Sleep(time.Minute)
		require.GreaterOrEqual(t, p.ExpectedWait(), time.Minute)
		require.ErrorIs(t, within(t, p, 10*time.Second), quartet.ErrSaturated)
		require.NoError(t, within(t, p, 10*time.Minute))
		close(release)
		_, err := hang.Await(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// Run times of long ago say nothing.
func TestRejectLateForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overloaded(t, workerpool.Config{})
		_, err := quartet.Do(t.Context(), p, func(context.Context) (int, error) {
			time.Sleep(time.Hour)
			return 0, nil
		})
		require.NoError(t, err)
		time.Sleep(14 * 24 * time.Hour)
		for range 3 {
			require.NoError(t, within(t, p, time.Second))
		}
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// No submit waits for room longer than its task could be in time, and those that wait count.
func TestRejectLateAndTheWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overloaded(t, workerpool.Config{Queue: 1})
		release := make(chan struct{})
		quartet.Go(t.Context(), p, func(context.Context) (int, error) { <-release; return 0, nil })
		synctest.Wait()
		quartet.Go(t.Context(), p, tenth)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := quartet.Go(ctx, p, tenth).Result()
		require.ErrorIs(t, err, quartet.ErrSaturated)
		require.Equal(t, 900*time.Millisecond, time.Since(begin), "a task that starts later ends too late")
		for range 10 {
			go func() { _, _ = quartet.Go(t.Context(), p, tenth).Await(t.Context()) }()
		}
		synctest.Wait()
		require.EqualValues(t, 10, p.Stats().Blocked)
		require.GreaterOrEqual(t, p.ExpectedWait(), 1200*time.Millisecond,
			"ten at the door, one queued, and the one that runs")
		close(release)
		time.Sleep(time.Minute)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestLateShareIsChecked(t *testing.T) {
	for _, share := range []float64{-0.1, 1, 2} {
		require.Panics(t, func() { workerpool.New(workerpool.Config{LateShare: share}) })
	}
}
