package eventloop

import (
	"context"
	"slices"
	"sync"

	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/task"
)

// maxIdleBlockers is how many goroutines wait for another function. More are started as needed, and
// end after it.
const maxIdleBlockers = 16

// blockers holds the functions given to quartet.Block, and the goroutines that run them.
//
// Invariants, under the lock: count goroutines run a function; queued is empty unless count is
// BlockLimit; each channel in idle is empty, and belongs to a goroutine that waits at it. It gets
// one function or is closed when it leaves idle, so the send in block never waits, and may be made
// under the lock.
type blockers struct {
	running sync.WaitGroup

	// Locked.
	count, peak int // functions that run now, and most at once
	away        int // tasks in Block; counted under Config.Clock only
	queued      []*blocking
	idle        []chan *blocking
}

// blocking is a function given to quartet.Block. end keeps the panic or Goexit of fn, which Block
// repeats on the task's own fiber.
//
// wait is set by arm, on the loop, before block hands b to another goroutine.
type blocking struct {
	fn   func()
	wait *wait
	end  fiber.Captured
}

// Block suspends the task while fn runs on another goroutine. A panic or Goexit of fn is the
// task's. Where Config.BlockLimit lets fn wait for its turn, ctx's end takes it out of the queue.
// (A function that has begun cannot be cut: Go has no way to stop a goroutine.)
func (r *run) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !r.mine() {
		fn()
		return nil
	}
	l, b := r.loop(), &blocking{fn: fn}
	l.holdTime(1)
	err := r.suspend(ctx, func(w *wait) {
		b.wait = w
		l.block(b)
	}, func() bool { return l.unblock(b) })
	l.holdTime(-1)
	b.end.Repeat()
	return err
}

// block runs b on an idle goroutine or a new one. If BlockLimit functions run already, it queues b.
// It is called on the loop's goroutine; the new goroutine inherits the pprof labels of the task
// that is running there.
func (l *Loop) block(b *blocking) {
	l.in.Lock()
	defer l.in.Commit()
	all := &l.blocking
	// A queued function has no goroutine: the one that ends next takes it over.
	if l.cfg.BlockLimit > 0 && all.count >= l.cfg.BlockLimit {
		all.queued = append(all.queued, b)
		return
	}
	all.count++
	all.peak = max(all.peak, all.count)
	if last := len(all.idle) - 1; last >= 0 {
		all.idle[last] <- b
		all.idle = all.idle[:last]
		return
	}
	all.running.Go(func() { l.blocker(b) })
}

// unblock takes b out of the queue. It reports false if b has begun. It is the wait's mayCut: if b
// has begun, the wait goes on to b's end.
func (l *Loop) unblock(b *blocking) bool {
	l.in.Lock()
	defer l.in.Commit()
	all := &l.blocking
	i := slices.Index(all.queued, b)
	if i >= 0 {
		all.queued = slices.Delete(all.queued, i, i+1)
	}
	return i >= 0
}

// blocker runs b, then queued functions, then those that it is given while it is idle. One idle
// goroutine for reuse saves a new stack that has to grow again.
func (l *Loop) blocker(b *blocking) {
	next := make(chan *blocking, 1)
	for ; b != nil; b = <-next {
		if !l.runBlocking(b, next) {
			return
		}
	}
}

// runBlocking runs b, and finds the goroutine's next work. It reports false if there is none. A
// Goexit in b ends the goroutine; another one continues its work.
func (l *Loop) runBlocking(b *blocking, next chan *blocking) (more bool) {
	// The goroutine has the pprof labels of the task that started it, and serves others later.
	task.Unlabel()
	exited := true
	defer func() {
		// Before the wake. Once the task goes on, Run may end, and endBlockers then has to find
		// this goroutine idle or gone: one that became idle later would wait for ever.
		more = l.afterBlocking(next, exited)
		b.wait.wake(resumed, false)
	}()
	b.end.Run(b.fn)
	exited = false
	return false
}

// afterBlocking gives the goroutine its next function, or makes it idle. A place that passes from
// one function to the next does not change count.
func (l *Loop) afterBlocking(next chan *blocking, exited bool) (more bool) {
	l.in.Lock()
	defer l.in.Commit()
	all := &l.blocking
	var b *blocking
	if len(all.queued) > 0 {
		b = all.queued[0]
		all.queued = all.queued[1:]
	} else {
		all.count--
	}
	switch {
	// This goroutine is ending, so the next function needs another one.
	case b != nil && exited:
		all.running.Go(func() { l.blocker(b) })
	case b != nil:
		next <- b
		return true
	case !exited && len(all.idle) < maxIdleBlockers:
		all.idle = append(all.idle, next)
		return true
	}
	return false
}

// endBlockers ends the idle goroutines, at the end of a Run, when no task is left and so no
// function runs. The wait comes after the unlock, as the goroutines take the lock on their way out.
func (l *Loop) endBlockers() {
	l.in.Lock()
	for _, next := range l.blocking.idle {
		close(next)
	}
	l.blocking.idle = nil
	l.in.Commit()
	l.blocking.running.Wait()
}
