package procpool

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// errand is what a frame asks for beyond the pool's lock, in the order of the frames.
type errand struct {
	ended  outcome // where its call is set
	submit *remote
	cancel *remote
	cause  error
	stop   context.Context // begin a shutdown
}

func (e *errand) empty() bool {
	return e.ended.call == nil && e.submit == nil && e.cancel == nil && e.stop == nil
}

// receive handles the frames that have arrived from w. An error is the worker's end.
func (p *Pool) receive(w *worker) error {
	errands := w.errands[:0]
	p.in.Lock()
	f, ok, err := w.reader.next()
	for ; ok && err == nil; f, ok, err = w.reader.next() {
		if !w.ready {
			err = p.welcome(w, f)
		} else {
			var e errand
			if e, err = p.frame(w, f); !e.empty() {
				errands = append(errands, e)
			}
		}
		if err != nil {
			break
		}
	}
	if p.foreign() {
		w.heardAt = time.Now()
	}
	p.dispatch()
	p.in.Unlock()
	w.ended = p.run(errands, w.ended[:0])
	clear(errands)
	w.errands = errands
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return nil
}

// run does errands, ends of calls together as far as their order allows. It returns ended, emptied, for reuse.
func (p *Pool) run(errands []errand, ended []outcome) []outcome {
	for _, e := range errands {
		if e.ended.call != nil {
			ended = append(ended, e.ended)
			continue
		}
		p.end(ended)
		clear(ended)
		ended = ended[:0]
		switch {
		case e.submit != nil:
			p.submitRemote(e.submit)
		case e.cancel != nil:
			e.cancel.record.node.Cancel(e.cause)
		case e.stop != nil:
			_ = p.in.Drain(e.stop)
		}
	}
	p.end(ended)
	clear(ended)
	return ended
}

// welcome is locked: f should be the hello of a worker that has started.
func (p *Pool) welcome(w *worker, f frame) error {
	g, err := parseGreeting(f)
	if err == nil {
		err = g.check(w.greeting, !p.foreign())
	}
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.boot.Stop()
	w.mu.Unlock()
	w.ready, w.ledger, w.reader.limit = true, g.Ledger, p.cfg.MaxFrame
	w.exact, w.ahead = g.Ledger, g.Ledger || p.cfg.Pipelined
	if w.width = min(max(g.Concurrency, 1), max(p.cfg.Concurrency, 1)); w.width > 1 {
		w.exact, w.ahead = false, false // what is there has started
	}
	w.beats, w.movedAt = g.Heartbeat && g.Ledger, time.Now()
	w.limit(&p.cfg, w.movedAt)
	return nil
}

// frame is locked.
func (p *Pool) frame(w *worker, f frame) (errand, error) {
	switch f.typ {
	case frameCall:
		return p.called(w, f)
	case frameCancelCall:
		if r := w.made[f.id]; r != nil {
			return errand{cancel: r, cause: decodeError(f.body, nil)}, nil
		}
		return errand{}, nil // it has ended meanwhile
	case frameShutdown:
		for _, c := range w.calls {
			return errand{stop: c.node.Context()}, nil
		}
		return errand{}, nil
	case frameResult, frameReturned, frameSuspended, frameResumed, frameWant:
	default:
		return errand{}, fmt.Errorf("%s is no frame for a pool", f.typ)
	}
	c := w.calls[f.id]
	if c == nil {
		return errand{}, fmt.Errorf("a %s frame names the task %d, which is not there", f.typ, f.id)
	}
	return p.progress(w, c, f)
}

// progress is locked: f says how c is getting on.
func (p *Pool) progress(w *worker, c *call, f frame) (errand, error) {
	switch f.typ {
	case frameSuspended:
		p.suspend(w, c, true)
	case frameResumed:
		p.suspend(w, c, false)
		w.want = nil
	case frameWant:
		w.want = c
	case frameReturned:
		w.take(c)
		if f.arg != returnedAsked {
			w.pace = windowWork
			w.window = 1
		}
		if cause := context.Cause(c.node.Context()); cause != nil {
			return errand{ended: outcome{call: c, err: cause}}, nil
		}
		p.requeue(c)
	case frameResult:
		p.suspend(w, c, false)
		w.take(c)
		w.want = nil
		w.revoked = false
		if w.completed++; p.boot.failures > 0 {
			p.boot.succeeded()
			p.down.Store(false)
		}
		o := outcome{call: c, output: f.body, owned: f.owned}
		w.adapt(int(f.arg >> 8))
		switch f.arg & 0xff {
		case kindOutput:
		case kindRaw:
			o.raw = true
		case kindError:
			o.output, o.err = nil, decodeError(f.body, context.Cause(c.node.Context()))
		default:
			return errand{}, fmt.Errorf("RESULT is of the unknown kind %d", f.arg&0xff)
		}
		return errand{ended: o}, nil
	}
	return errand{}, nil
}

// take is locked: c is no longer w's.
func (w *worker) take(c *call) {
	delete(w.calls, c.id())
	c.worker = nil
	if c.trouble != nil {
		c.trouble.startedAt = time.Time{}
	}
	if len(w.calls) == 0 && w.pool.cfg.IdleTimeout > 0 {
		w.busyAt = time.Now()
	}
}

// suspend is locked.
func (p *Pool) suspend(w *worker, c *call, suspended bool) {
	if c.suspended == suspended {
		return
	}
	c.suspended, c.begun = suspended, true
	if suspended {
		w.suspended++
	} else {
		w.suspended--
	}
	p.in.SetWaiting(c.node, suspended)
}

// called is locked: a task of w calls a function of its own.
func (p *Pool) called(w *worker, f frame) (errand, error) {
	x, name, input, err := parseCall(f)
	if err != nil {
		return errand{}, err
	}
	parent, ctx := w.calls[x.parent], context.Background()
	if parent != nil {
		ctx = parent.node.Context()
	}
	if x.label != task.LabelOf(ctx) {
		ctx = quartet.Label(ctx, x.label)
	}
	var deadline time.Time
	if x.left > 0 {
		deadline = time.Now().Add(x.left)
		ctx = deadlineCtx{ctx, deadline}
	}
	number, err := p.newNumber(name)
	if err != nil {
		return errand{}, err
	}
	r := &remote{pool: p, from: w, id: f.id, name: name, again: f.flags&flagAgain != 0, parent: parent}
	n := task.Of(ctx, r)
	r.record = &call{node: n, call: r, input: append([]byte(nil), input...), raw: f.flags&flagRaw != 0, fn: number, deadline: deadline, label: x.label, remote: r}
	n.Data = r.record
	if parent != nil {
		parent.adopt(r.record)
	}
	w.made[r.id] = r
	return errand{submit: r}, nil
}

func (p *Pool) submitRemote(r *remote) {
	if err := p.in.SubmitExempt(r.record.node); err != nil {
		r.Abandon(err)
	}
}
