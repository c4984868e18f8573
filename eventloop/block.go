package eventloop

import (
	"context"
	"slices"
	"sync"

	"github.com/quartet-go/quartet/internal/fiber"
)

// blockers are the functions given to quartet.Block.
type blockers struct {
	running sync.WaitGroup

	// Locked.
	count, peak int
	queued      []*blocking
}

// blocking is one such function.
type blocking struct {
	fn   func()
	wait *wait
	end  fiber.Captured
}

// Block suspends the task while fn runs on another goroutine. A panic or Goexit of fn is the task's. Where
// Config.BlockLimit lets fn wait for its turn, ctx's end takes it out of the queue.
func (r *run) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !r.mine() {
		fn()
		return nil
	}
	l, b := r.loop(), &blocking{fn: fn}
	err := r.suspend(ctx, func(w *wait) {
		b.wait = w
		l.block(b)
	}, func() bool { return l.unblock(b) })
	b.end.Repeat()
	return err
}

// block runs b on a goroutine, or queues it when BlockLimit are running.
func (l *Loop) block(b *blocking) {
	l.in.Lock()
	defer l.in.Unlock()
	all := &l.blocking
	if l.cfg.BlockLimit > 0 && all.count >= l.cfg.BlockLimit {
		all.queued = append(all.queued, b)
		return
	}
	all.count++
	all.peak = max(all.peak, all.count)
	all.running.Go(func() { l.runBlocking(b) })
}

// unblock takes b out of the queue. It reports false when b has begun.
func (l *Loop) unblock(b *blocking) bool {
	l.in.Lock()
	defer l.in.Unlock()
	all := &l.blocking
	i := slices.Index(all.queued, b)
	if i >= 0 {
		all.queued = slices.Delete(all.queued, i, i+1)
	}
	return i >= 0
}

// runBlocking runs b and then those that wait for their turn. A Goexit in one ends the goroutine; another goes on.
func (l *Loop) runBlocking(b *blocking) {
	defer func() {
		if next := l.nextBlocking(); next != nil {
			l.blocking.running.Go(func() { l.runBlocking(next) })
		}
		b.wait.wake(resumed, false)
	}()
	b.end.Run(b.fn)
}

func (l *Loop) nextBlocking() *blocking {
	l.in.Lock()
	defer l.in.Unlock()
	all := &l.blocking
	if len(all.queued) == 0 {
		all.count--
		return nil
	}
	b := all.queued[0]
	all.queued = all.queued[1:]
	return b
}
