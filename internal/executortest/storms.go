package executortest

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet"
)

// The storms run in bubbles with the other tests, and outside of them by RunStorms.
var storms = []test{
	{"Storm/shutdown", 0, stormShutdown},
	{"Storm/close", 0, stormClose},
	{"Storm/fanout", 0, stormFanout},
	{"Storm/cancel", 0, stormCancel},
	{"Storm/anything", 0, stormAnything},
}

func rounds(full int) int {
	if Long() {
		return full
	}
	return 20
}

// dither lets others run for a while that the seed decides.
func dither(rng *rand.Rand, most int) {
	for range rng.IntN(most) {
		runtime.Gosched()
	}
}

func stormShutdown(e *env) {
	stormEnd(e, func(r quartet.Executor) error { return r.Shutdown(background) })
}

func stormClose(e *env) { stormEnd(e, func(r quartet.Executor) error { return r.Close() }) }

// stormEnd sets eight submitters against the end at a random moment, and accounts for every task.
func stormEnd(e *env, end func(quartet.Executor) error) {
	const submitters, each = 8, 50
	for round := range rounds(2000) {
		r := e.subject.New(e.T, Options{Size: e.size, Queue: 1 + round%4*8})
		probes := make([]probe, submitters*each)
		accepted := make([]bool, len(probes))
		var wg sync.WaitGroup
		for s := range submitters {
			wg.Go(func() {
				for i := s * each; i < (s+1)*each; i++ {
					err := r.SubmitCall(background, &probes[i])
					accepted[i] = err == nil
					if err != nil && !errors.Is(err, quartet.ErrClosed) {
						e.Errorf("round %d: submit: %v", round, err)
					}
				}
			})
		}
		dither(rand.New(rand.NewPCG(1, uint64(round))), 200)
		ok(e, "end", end(r))
		// All that was accepted has ended by now, though submitters may still be on their way to a
		// refusal.
		atEnd := int64(0)
		for i := range probes {
			atEnd += probes[i].outcomes()
		}
		wg.Wait()
		ok(e, "Close", r.Close())
		total := int64(0)
		for i := range probes {
			want := int64(0)
			if accepted[i] {
				want = 1
			}
			total += want
			if probes[i].outcomes() != want {
				e.Fatalf("round %d, task %d: accepted %v, %d runs, %d abandons",
					round, i, accepted[i], probes[i].ran.Load(), probes[i].abandoned.Load())
			}
		}
		if atEnd != total {
			e.Fatalf("round %d: %d outcomes when the end had returned, %d tasks were accepted", round, atEnd, total)
		}
	}
}

// stormFanout begins a Shutdown in the middle of a recursive fan-out: it ends well, with the right
// number.
func stormFanout(e *env) {
	for round := range rounds(500) {
		ex := e.subject.New(e.T, Options{Size: e.size})
		const depth = 5
		o := aside(func() (int, error) { return fan.Do(background, ex, depth) })
		dither(rand.New(rand.NewPCG(2, uint64(round))), 300)
		ok(e, "Shutdown", ex.Shutdown(background))
		<-o.done
		switch {
		case o.err == nil:
			equal(e, "calls", o.value, 1<<(depth+1)-1)
		case errors.Is(o.err, quartet.ErrClosed) && o.value == 0: // refused as a whole
		default:
			e.Fatalf("round %d: %v", round, o.err)
		}
		if s, has := stats(ex); has {
			e.addsUp(s)
			if o.err != nil {
				equal(e, "accepted of a refused fan-out", s.Submitted, 0)
			}
		}
		ok(e, "Close", ex.Close())
	}
}

// stormCancel cancels futures while they are queued, start, run and end.
func stormCancel(e *env) {
	for round := range rounds(500) {
		r, closures := e.subject.New(e.T, Options{Size: e.size, Queue: 8}).(quartet.Runner)
		if !closures {
			e.Skip("not a Runner: closures do not compile")
		}
		var wg sync.WaitGroup
		for s := range 4 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(s), uint64(round)))
				for range 20 {
					var ran atomic.Int64
					f := quartet.Go(background, r, func(ctx context.Context) (none, error) {
						ran.Add(1)
						quartet.Yield(ctx)
						return none{}, nil
					})
					dither(rng, 5)
					never := f.Cancel(errCause)
					_, err := f.Await(background)
					if never && (ran.Load() != 0 || !errors.Is(err, errCause)) {
						e.Errorf("round %d: cancelled: %d runs, error %v", round, ran.Load(), err)
					}
					if !never && (ran.Load() != 1 || err != nil) {
						e.Errorf("round %d: not cancelled: %d runs, error %v", round, ran.Load(), err)
					}
				}
			})
		}
		wg.Wait()
		ok(e, "Shutdown", r.Shutdown(background))
		if s, has := stats(r); has {
			e.addsUp(s)
		}
		ok(e, "Close", r.Close())
	}
}
