package procpool

import (
	"context"
)

// announceLocked wakes who waits in Ready or Reload, to look again. It is called where a worker
// comes, goes or fails to come, and when the pool stops.
func (p *Pool) announceLocked() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// stop is the beginning of Shutdown and of Close. The intake refuses submits by itself; stopping is
// for those who wait in Ready and Reload, and for Replicas.
func (p *Pool) stop() {
	p.in.Lock()
	defer p.in.Commit()
	p.stopping = true
	p.announceLocked()
}

// newsLocked returns a channel that announceLocked closes. Taken in the section of the look, it
// closes at the first change after that.
func (p *Pool) newsLocked() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// await looks, under the lock, until look says that there is nothing left to wait for. look must
// not block; it may start workers. When ctx ends it does not look again, so a change that has just
// come may be missed.
func (p *Pool) await(ctx context.Context, look func() (done bool, err error)) error {
	for {
		p.in.Lock()
		done, err := look()
		news := p.newsLocked()
		p.in.Commit()
		if done || err != nil {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// servingLocked counts the workers that take calls. The worker by which Reload proves a version
// counts when its hello has made that the pool's.
func (p *Pool) servingLocked() (n int) {
	for _, w := range p.workers {
		if w != nil && w.life == serving && w.version <= p.version {
			n++
		}
	}
	return n
}

// Ready returns nil when Config.MinWorkers workers are up, at least one; it starts one where there
// is none. When a worker does not come up it returns [ErrCrashLoop] at once, with what that worker
// said: the error of a script that does not even load. The pool itself tries again. Else it returns
// [quartet.ErrClosed], or ctx's cause. Any goroutine may call it.
func (p *Pool) Ready(ctx context.Context) error {
	p.made()
	return p.await(ctx, func() (bool, error) {
		want := max(1, min(p.cfg.MinWorkers, p.cfg.Workers))
		switch up := p.servingLocked(); {
		case up >= want:
			return true, nil
		case p.bootErrorLocked() != nil:
			return true, p.bootErrorLocked()
		default:
			p.growLocked(want - up)
			return false, nil
		}
	})
}
