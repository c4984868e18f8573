package task

import (
	"context"
	"sync"
	"time"
)

// Park blocks the calling goroutine until arm's resume is called, or ctx ends. A resume that came before the end wins.
func Park(ctx context.Context, arm func(resume func())) error {
	resumed := make(chan struct{})
	arm(sync.OnceFunc(func() { close(resumed) }))
	select {
	case <-resumed:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-resumed:
		return nil
	default:
		return context.Cause(ctx)
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
