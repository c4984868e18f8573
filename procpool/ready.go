package procpool

import (
	"context"
)

// announceLocked wakes who waits in Ready or Reload, to look again.
func (p *Pool) announceLocked() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// stop is the beginning of Shutdown and of Close.
func (p *Pool) stop() {
	p.in.Lock()
	defer p.in.Commit()
	p.stopping = true
	p.announceLocked()
}

// newsLocked returns a channel that announceLocked closes.
func (p *Pool) newsLocked() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// await looks, under the lock, until look says that there is nothing left to wait for.
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

// servingLocked counts the workers that take calls.
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
