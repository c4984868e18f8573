package task

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// ParkYields is how often one who is about to park lets others run before: what it waits for is often near, and parking
// costs more than all of them.
const ParkYields = 4

// YieldUntil lets other goroutines run, so many times at most, and reports whether ok has come true meanwhile.
func YieldUntil(ok func() bool, times int) bool {
	for range times {
		runtime.Gosched()
		if ok() {
			return true
		}
	}
	return false
}

// Park blocks the calling goroutine until arm's resume is called, or ctx ends. A resume that came before the end wins.
func Park(ctx context.Context, arm func(resume func())) error {
	p := parking{over: make(chan struct{})}
	arm(p.resume)
	if YieldUntil(p.resumed.Load, ParkYields) {
		return nil
	}
	select {
	case <-p.over:
		return nil
	case <-ctx.Done():
	}
	if p.resumed.Load() {
		return nil
	}
	return context.Cause(ctx)
}

type parking struct {
	resumed atomic.Bool
	over    chan struct{} // closed once resumed
}

func (p *parking) resume() {
	if p.resumed.CompareAndSwap(false, true) {
		close(p.over)
	}
}

// Sleep blocks the calling goroutine for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	if ctx.Done() == nil {
		time.Sleep(d)
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
