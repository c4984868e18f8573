package executortest

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause11 = []test{
	{"C11_Numbers/add_up", queues, c11AddUp},
	{"C11_Numbers/each_outcome", queues, c11Each},
	{"C11_Numbers/done_and_failed", 0, c11Simple},
	{"C11_Numbers/long_runs_are_measured", 0, c11Long},
	{"C11_Numbers/sampled", queues, c11Sampled},
	{"C11_Numbers/exact_times", queues, c11Exact},
	{"C11_Numbers/limit_and_blocked_submitters", queues, c11Blocked},
}

func stats(ex quartet.Executor) (quartet.Stats, bool) {
	s, has := quartet.As[interface{ Stats() quartet.Stats }](ex)
	if !has {
		return quartet.Stats{}, false
	}
	return s.Stats(), true
}

func (e *env) stats(ex quartet.Executor) quartet.Stats {
	e.Helper()
	synctest.Wait()
	s, has := stats(ex)
	if !has {
		e.Fatalf("%T has no Stats() quartet.Stats", ex)
	}
	e.addsUp(s)
	return s
}

func (e *env) addsUp(s quartet.Stats) {
	e.Helper()
	if sum := s.Done + s.Failed + s.Abandoned + s.Running + s.Waiting + s.Queued; s.Submitted != sum {
		e.Errorf("Submitted is %d, the parts add up to %d: %+v", s.Submitted, sum, s)
	}
}

func c11AddUp(e *env) {
	r := e.runner(Options{OnPanic: func(error) {}})
	size := uint64(e.size)
	release := make(chan none)
	for range 3 {
		quartet.Go(background, r, func(ctx context.Context) (none, error) {
			return none{}, quartet.Suspend(ctx, func(resume func()) { go func() { <-release; resume() }() })
		})
	}
	s := e.stats(r)
	equal(e, "Waiting", s.Waiting, 3)
	g := e.hold(r, e.size)
	for i := range 7 {
		quartet.Go(background, r, func(context.Context) (none, error) {
			if i == 0 {
				panic("counted as failed")
			}
			return none{}, nil
		})
	}
	s = e.stats(r)
	equal(e, "Submitted", s.Submitted, 3+size+7)
	equal(e, "Running", s.Running, size)
	equal(e, "Queued", s.Queued, 7)
	g.open()
	close(release)
	s = e.stats(r)
	equal(e, "Done", s.Done, 3+size+6)
	equal(e, "Failed", s.Failed, 1)
	equal(e, "Running+Waiting+Queued", s.Running+s.Waiting+s.Queued, 0)
}

func c11Each(e *env) {
	r := e.runner(Options{Queue: 2})
	g := e.hold(r, e.size)
	f := quartet.Go(background, r, nothing)
	ctx, cancel := context.WithCancel(background)
	ok(e, "submit", r.SubmitTask(ctx, &probe{}))
	short, stop := context.WithTimeout(background, time.Second)
	defer stop()
	equal(e, "submit without room fails", r.SubmitTask(short, &probe{}) != nil, true)
	s := e.stats(r)
	equal(e, "Rejected", s.Rejected, 1)
	equal(e, "Submitted", s.Submitted, uint64(e.size)+2)
	f.Cancel(nil)
	cancel()
	g.open()
	s = e.stats(r)
	equal(e, "Abandoned", s.Abandoned, 2)
	equal(e, "Done", s.Done, uint64(e.size))
	ok(e, "Shutdown", r.Shutdown(e.ctx()))
	is(e, "submit", r.SubmitTask(background, &probe{}), quartet.ErrClosed)
	equal(e, "Rejected", e.stats(r).Rejected, 2)
}

func c11Simple(e *env) {
	r := e.runner(Options{})
	_, _ = quartet.Do(background, r, nothing)
	_, _ = quartet.Do(background, r, func(context.Context) (none, error) { return none{}, errCause })
	s := e.stats(r)
	equal(e, "Submitted", s.Submitted, 2)
	equal(e, "Done", s.Done, 1)
	equal(e, "Failed", s.Failed, 1)
}

func c11Long(e *env) {
	r := e.runner(Options{})
	before := e.stats(r).RunTime.Count
	for range 3 {
		_, err := quartet.Do(background, r, func(context.Context) (none, error) {
			time.Sleep(2 * time.Millisecond)
			return none{}, nil
		})
		ok(e, "task", err)
	}
	if n := e.stats(r).RunTime.Count - before; n == 0 {
		e.Error("no run of 2 ms is in the histogram")
	}
}

// times runs n short tasks and returns how many of them were measured.
func (e *env) times(o Options, n int) (waits, runs uint64) {
	r := e.runner(o)
	for range n {
		_, err := quartet.Do(background, r, nothing)
		ok(e, "task", err)
	}
	s := e.stats(r)
	return s.QueueWait.Count, s.RunTime.Count
}

func c11Sampled(e *env) {
	waits, runs := e.times(Options{}, 640)
	equal(e, "queue waits measured of 640", waits, 10)
	equal(e, "runs measured of 640", runs, 10)
}

func c11Exact(e *env) {
	waits, runs := e.times(Options{ExactTimes: true}, 100)
	equal(e, "queue waits measured of 100", waits, 100)
	equal(e, "runs measured of 100", runs, 100)
}

func c11Blocked(e *env) {
	r := e.runner(Options{Queue: 1})
	equal(e, "Limit", e.stats(r).Limit, uint64(e.size))
	g := e.hold(r, e.size)
	ok(e, "submit", r.SubmitTask(background, &probe{}))
	var os []*outcome[none]
	for range 3 {
		os = append(os, asideErr(func() error { return r.SubmitTask(background, &probe{}) }))
	}
	s := e.stats(r)
	equal(e, "Blocked", s.Blocked, 3)
	equal(e, "Queued", s.Queued, 1)
	g.open()
	for _, o := range os {
		_, err := o.wait(e)
		ok(e, "blocked submitter", err)
	}
	equal(e, "Blocked at rest", e.stats(r).Blocked, 0)
}
