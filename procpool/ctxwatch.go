package procpool

import "context"

// ctxWatch waits for the end of one context that calls in workers were submitted with: one
// registration for all of them, since one for each would cost as much as a call.
type ctxWatch struct {
	ctx     context.Context
	calls   int
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
		if w = p.kept; w != nil && w.ctx.Done() == done {
			p.kept = nil
		} else {
			w = &ctxWatch{ctx: parent}
			p.in.AfterLocked(func() { p.register(w) })
		}
		p.watches[done] = w
	}
	w.calls++
	c.watch = w
}

func (p *Pool) register(w *ctxWatch) {
	stop := context.AfterFunc(w.ctx, func() { p.contextEnded(w) })
	p.in.Lock()
	w.stop = stop
	dropped := w.dropped
	p.in.Commit()
	if dropped {
		stop()
	}
}

// unwatchLocked undoes watchLocked: c has ended.
func (p *Pool) unwatchLocked(c *call) {
	w := c.watch
	if w == nil {
		return
	}
	c.watch = nil
	if w.calls--; w.calls == 0 {
		delete(p.watches, w.ctx.Done())
		p.keepWatchLocked(w)
	}
}

// keepWatchLocked keeps w for the next call, in place of the one before it.
func (p *Pool) keepWatchLocked(w *ctxWatch) {
	if old := p.kept; old != nil {
		old.dropped = true
		if stop := old.stop; stop != nil {
			p.in.AfterLocked(func() { stop() })
		}
	}
	p.kept = w
}

// contextEnded tells the workers.
func (p *Pool) contextEnded(w *ctxWatch) {
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
