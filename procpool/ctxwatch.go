package procpool

import "context"

// ctxWatch waits for the end of one context that calls in workers were submitted with: one
// registration for all of them, since one for each would cost as much as a call. The pool's lock
// guards its fields, but ctx, which does not change. Contexts with one Done share a watch: values
// that are added to a context make no difference to its end.
//
// Pool.exited counts a watch from watchLocked on, until it is certain that contextEnded does not
// run any more: Close waits for that.
type ctxWatch struct {
	ctx   context.Context
	calls int
	// stop is nil until register has called AfterFunc, which it does after the unlock. dropped
	// tells register that nobody needs the watch any more, and that it has to call stop itself.
	stop    func() bool
	dropped bool
}

// watchLocked has c's worker told when the context that c was submitted with ends. The end by
// Cancel comes through host.Cancelled.
func (p *Pool) watchLocked(c *call) {
	parent := c.node.Parent()
	done := parent.Done()
	if c.watch != nil || done == nil {
		return
	}
	w := p.watches[done]
	if w == nil {
		// A service often makes one call after the other with the same context: the last watch
		// stays registered for the next one.
		if w = p.kept; w != nil && w.ctx.Done() == done {
			p.kept = nil
		} else {
			w = &ctxWatch{ctx: parent}
			// The call has not ended, so the pool has not, and nobody waits for exited yet.
			p.exited.Add(1)
			// Not under the lock: a context of the user's may have an AfterFunc method.
			p.in.AfterLocked(func() { p.register(w) })
		}
		p.watches[done] = w
	}
	w.calls++
	c.watch = w
}

// register has w's context tell of its end. If that has come already, contextEnded runs at once, on
// another goroutine.
func (p *Pool) register(w *ctxWatch) {
	stop := context.AfterFunc(w.ctx, func() { p.contextEnded(w) })
	p.in.Lock()
	w.stop = stop
	dropped := w.dropped
	p.in.Commit()
	if dropped {
		p.unregister(stop)
	}
}

// unregister ends a watch. If its context has ended before, contextEnded runs, and gives the watch
// up at its own end.
func (p *Pool) unregister(stop func() bool) {
	if stop() {
		p.exited.Done()
	}
}

// unwatchLocked undoes watchLocked: c has ended.
func (p *Pool) unwatchLocked(c *call) {
	w := c.watch
	if w == nil {
		return
	}
	c.watch = nil
	// The map must not grow with contexts that are gone, so a watch without calls leaves it.
	if w.calls--; w.calls == 0 {
		delete(p.watches, w.ctx.Done())
		p.keepWatchLocked(w)
	}
}

// keepWatchLocked keeps w for the next call, in place of the one before it. A nil w only gives the
// kept one up: the pool ends.
func (p *Pool) keepWatchLocked(w *ctxWatch) {
	if old := p.kept; old != nil {
		old.dropped = true
		if stop := old.stop; stop != nil {
			p.in.AfterLocked(func() { p.unregister(stop) })
		}
	}
	p.kept = w
}

// contextEnded tells the workers. context.AfterFunc calls it on a goroutine of its own. It looks at
// calls in workers and in resend: those in the intake's queue are watched there. cancelled takes
// the lock, so it is called after the look.
func (p *Pool) contextEnded(w *ctxWatch) {
	defer p.exited.Done()
	var calls []*call
	p.in.Lock()
	for _, worker := range p.liveLocked() {
		for _, c := range worker.calls {
			if c.watch == w {
				calls = append(calls, c)
			}
		}
	}
	for _, c := range p.resend {
		if c.watch == w {
			calls = append(calls, c)
		}
	}
	p.in.Commit()
	for _, c := range calls {
		p.cancelled(c)
	}
}
