package procpool

import (
	"context"
)

// announce is locked: who waits in Ready or Reload looks again.
func (p *Pool) announce() {
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
	p.announce()
}

// news is locked: a channel that announce closes.
func (p *Pool) news() <-chan struct{} {
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
		news := p.news()
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

// serving is locked: how many workers take calls.
func (p *Pool) serving() (n int) {
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
		switch up := p.serving(); {
		case up >= want:
			return true, nil
		case p.bootError() != nil:
			return true, p.bootError()
		default:
			p.grow(want - up)
			return false, nil
		}
	})
}
