package task

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// ParkYields is how often one who is about to park lets others run before: what it waits for is
// often near, and parking costs more than all of them.
const ParkYields = 4

// YieldUntil lets other goroutines run, so many times at most, and reports whether ok has come true
// meanwhile.
func YieldUntil(ok func() bool, times int) bool {
	for range times {
		runtime.Gosched()
		if ok() {
			return true
		}
	}
	return false
}

// Park blocks the calling goroutine until arm's resume is called, or ctx ends. A resume that came
// before the end wins. It is the wait of goroutines that have no other model. A resume may come
// from inside arm. A resume that comes after the end of ctx finds a parking that nobody looks at,
// and does nothing.
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

// Parker blocks a goroutine until a future has ended. One belongs to the future's executor, which
// has it used again. Its channel has room for one value, and Wait always takes it where it was
// sent, so that a Parker that is used again has an empty channel. Rejected: a channel of its own
// for each wait, or the future's Done: each is an allocation in the hot path.
type Parker struct {
	Hook Hook
	rung chan struct{}
}

// Ended implements Listener.
func (p *Parker) Ended() { p.rung <- struct{}{} }

// Parker returns one whose hook is in no list. A node without a home has nobody who could keep one,
// so it gets a new one each time.
func (n *Node) Parker() *Parker {
	if h := n.home.Load(); h != nil {
		if p, ok := h.parkers.Get().(*Parker); ok {
			return p
		}
	}
	p := &Parker{rung: make(chan struct{}, 1)}
	p.Hook.Listener = p
	return p
}

// Keep gives p, whose hook is in no list again, back. p.rung must be empty: Wait sees to that on
// each of its ways out.
func (n *Node) Keep(p *Parker) {
	if h := n.home.Load(); h != nil {
		h.parkers.Put(p)
	}
}

// Wait blocks until the future that p's hook was added to has ended (nil), or ctx has (its cause).
// forget takes the hook out of the future. Both ways out leave the hook in no list, so that p can
// be kept.
func (p *Parker) Wait(ctx context.Context, forget func(*Hook) bool) error {
	done := ctx.Done()
	if done == nil {
		<-p.rung
		return nil
	}
	select {
	case <-p.rung:
		return nil
	case <-done:
	}
	// Whether the hook was still in the list decides who was first: the end of ctx, or that of the
	// future.
	if forget(&p.Hook) {
		return context.Cause(ctx)
	}
	<-p.rung // the end is on its way
	return nil
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

// Block runs fn on the calling goroutine, unless ctx has ended.
func Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fn()
	return nil
}
