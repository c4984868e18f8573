package procpool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// errand is what a frame asks for beyond the pool's lock, in the order of the frames. All that may
// call a user's code is one: decoding errors, looking into contexts.
type errand struct {
	ended  outcome // where its call is set
	goesOn bool    // ended is an item: its call goes on
	submit *remote
	refuse error   // why submit is not: set with it
	cancel *remote // a call from inside whose context has ended, with the error in body
	body   []byte
	stop   context.Context // begin a shutdown
}

func (e *errand) empty() bool {
	return e.ended.call == nil && e.submit == nil && e.cancel == nil && e.stop == nil
}

// batch is how many frames are handled under one lock: a flood of them holds up nobody else.
const batch = 256

// receive handles the frames that have arrived from w. An error is the worker's end.
func (p *Pool) receive(w *worker) error {
	for {
		more, err := p.receiveSome(w)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		if !more {
			return nil
		}
	}
}

func (p *Pool) receiveSome(w *worker) (more bool, err error) {
	errands := w.errands[:0]
	p.in.Lock()
	for range batch {
		var f wire.Frame
		if f, more, err = w.reader.Next(); !more || err != nil {
			break
		}
		var e errand
		if e, err = p.frameLocked(w, f); err != nil {
			break
		}
		if !e.empty() {
			errands = append(errands, e)
		}
	}
	w.heardAt = time.Now()
	p.dispatchLocked()
	p.in.Commit()
	w.ended = p.run(w, errands, w.ended[:0])
	clear(errands)
	w.errands = errands
	return more, err
}

// run does errands, ends of calls together as far as their order allows. It returns ended, emptied,
// for reuse.
func (p *Pool) run(w *worker, errands []errand, ended []outcome) []outcome {
	for _, e := range errands {
		if e.ended.call != nil {
			w.fetch(&e.ended)
		}
		if e.ended.call != nil && !e.goesOn {
			ended = append(ended, e.ended)
			continue
		}
		p.end(ended)
		clear(ended)
		ended = ended[:0]
		switch {
		case e.goesOn:
			p.deliver(e.ended)
		case e.refuse != nil:
			e.submit.reply(nil, nil, e.refuse)
		case e.submit != nil:
			p.submitRemote(e.submit)
		case e.cancel != nil:
			e.cancel.record.node.Cancel(wire.DecodeError(e.body, nil))
		case e.stop != nil:
			p.stop()
			_ = p.in.Drain(e.stop)
		}
	}
	p.end(ended)
	clear(ended)
	return ended
}

// fetch reads a body that lies in shared memory, and lets the worker have its room again.
func (w *worker) fetch(o *outcome) {
	if o.place.Size == 0 {
		return
	}
	body, err := w.bulk.Read(o.place)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrProtocol, err)
		w.kill(err)
		o.err, o.far = err, false
		return
	}
	o.output, o.owned = body, true
	w.out.pushQuietly(wire.Frame{Type: wire.Free, ID: uint64(o.place.At)}) // it goes with the next frame
}

// welcomeLocked handles the first frame of a worker that has started, which should be its hello.
func (p *Pool) welcomeLocked(w *worker, f wire.Frame) error {
	g, err := wire.ParseGreeting(f)
	if err == nil {
		err = g.Check(w.greeting, !p.foreign())
	}
	if err != nil {
		return err
	}
	w.quench()
	p.boot.succeededLocked()
	p.down.Store(false)
	w.toLocked(serving)
	w.ledger, w.reader.Limit = g.Ledger, p.cfg.MaxFrame
	w.exact, w.ahead = g.Ledger, g.Ledger || p.cfg.Pipelined
	if w.width = min(max(g.Concurrency, 1), max(p.cfg.Concurrency, 1)); w.width > 1 {
		w.exact, w.ahead = false, false // what is there has started
	}
	w.program.Keep(g.Modules)
	w.beats, w.movedAt = g.Heartbeat && g.Ledger, time.Now()
	if w.greeting.Bulk && g.Bulk {
		w.bulk = bulk.Share(w.page)
		w.out.share(bulk.NewOutbox(w.bulk, wire.InputsAt))
	}
	w.limitLocked(&p.cfg, w.movedAt)
	p.care.presentLocked(w.movedAt, &p.cfg)
	if w.version > p.version {
		p.adoptLocked(w)
	}
	p.announceLocked()
	return nil
}

// frameLocked handles a frame of w's. When it refuses one, it leaves the worker's calls as it found
// them: they are lost with the worker, and not before.
func (p *Pool) frameLocked(w *worker, f wire.Frame) (errand, error) {
	if w.life == booting {
		return errand{}, p.welcomeLocked(w, f)
	}
	switch f.Type {
	case wire.Call:
		return p.calledLocked(w, f)
	case wire.Taken:
		if r := w.made[f.ID]; r != nil && r.record.items != nil { // else the call has ended meanwhile
			return errand{}, p.takenLocked(r.record, int(f.Arg))
		}
		return errand{}, nil
	case wire.CancelCall:
		return errand{cancel: w.made[f.ID], body: f.Body}, nil // nil: it has ended meanwhile
	case wire.Shutdown:
		if p.foreign() {
			return errand{}, errors.New("SHUTDOWN is not for workers of another program")
		}
		for _, c := range w.calls {
			return errand{stop: c.node.Context()}, nil
		}
		return errand{}, nil
	case wire.Result, wire.Item, wire.Returned, wire.Suspended, wire.Resumed, wire.Want:
	default:
		return errand{}, fmt.Errorf("%s is no frame for a pool", f.Type)
	}
	c := w.calls[f.ID]
	if c == nil {
		return errand{}, fmt.Errorf("a %s frame names the task %d, which is not there", f.Type, f.ID)
	}
	return p.progressLocked(w, c, f)
}

// progressLocked handles a frame that says how c is getting on.
func (p *Pool) progressLocked(w *worker, c *call, f wire.Frame) (errand, error) {
	switch f.Type {
	case wire.Suspended:
		p.suspendLocked(w, c, true)
	case wire.Resumed:
		p.suspendLocked(w, c, false)
		w.want = nil
	case wire.Want:
		w.want = c
	case wire.Returned:
		return p.returnedLocked(w, c, f.Arg == wire.ReturnedAsked)
	case wire.Result:
		return p.resultLocked(w, c, f)
	case wire.Item:
		return p.itemLocked(w, c, f)
	}
	return errand{}, nil
}

// resultLocked handles RESULT: c has returned.
func (p *Pool) resultLocked(w *worker, c *call, f wire.Frame) (errand, error) {
	o := outcome{call: c, output: f.Body, owned: f.Owned}
	if err := w.contentLocked(&o, f); err != nil {
		return errand{}, err
	}
	if c.items != nil && !o.far && len(f.Body) > 0 {
		o.err = fmt.Errorf("procpool: the worker has sent one result of %q, which Go declares as a stream", p.names[c.fn])
	}
	p.suspendLocked(w, c, false)
	w.removeLocked(c)
	w.completed++
	w.last = spoken{c.id(), p.names[c.fn], c.label}
	w.want, w.revoked, w.idleReturns = nil, false, 0
	w.adaptLocked(int(f.Arg >> 8))
	return errand{ended: o}, nil
}

// contentLocked notes in o what the body of a frame of w's is, and where it lies.
func (w *worker) contentLocked(o *outcome, f wire.Frame) (err error) {
	switch kind := f.Arg & 0xff; kind {
	case wire.KindOutput:
	case wire.KindError:
		o.far = true
	case wire.KindRaw:
		o.raw = true
	default:
		return fmt.Errorf("%s is of the unknown kind %d", f.Type, kind)
	}
	switch {
	case f.Flags&wire.FlagBulk == 0:
	case w.bulk == nil:
		err = fmt.Errorf("%s has its body in shared memory, and there is none", f.Type)
	default:
		o.place, err = wire.ParsePlace(f.Body, wire.ResultsAt, w.pool.cfg.MaxFrame)
	}
	return err
}

// mostIdleReturns is how often a worker may give back its only task before it has a result again.
// It does so where the task before that one, which took long, ends at this moment.
const mostIdleReturns = 8

// returnedLocked handles RETURNED: c has not started in w, and will not. A worker gives back calls
// that wait behind a running task, cancelled ones, and those that it was asked for. One that always
// gave back its only task would do so for ever.
func (p *Pool) returnedLocked(w *worker, c *call, asked bool) (errand, error) {
	cause := context.Cause(c.node.Context())
	overdue := c.trouble != nil && c.trouble.overdue
	switch {
	case c.stage.begun():
		return errand{}, fmt.Errorf("RETURNED gives task %d back, which has started", c.id())
	case asked && w.asked == 0:
		return errand{}, fmt.Errorf("RETURNED says that task %d was asked for, but it was not", c.id())
	case asked:
		w.asked--
	case cause == nil && !overdue && len(w.calls) == 1:
		if w.idleReturns++; w.idleReturns > mostIdleReturns {
			return errand{}, fmt.Errorf("RETURNED gives task %d back, though no other runs", c.id())
		}
	}
	w.removeLocked(c)
	if !asked {
		w.pace, w.window = windowWork, 1
	}
	if cause == nil && overdue {
		cause = ErrRunTimeout
	}
	if cause != nil {
		return errand{ended: outcome{call: c, err: cause}}, nil
	}
	p.requeueLocked(c)
	return errand{}, nil
}

// removeLocked takes c from w.
func (w *worker) removeLocked(c *call) {
	delete(w.calls, c.id())
	if w.bulk != nil && len(c.input) >= wire.BulkLeast {
		id := c.id()
		w.pool.in.AfterLocked(func() { w.out.free(id) })
	}
	c.worker = nil
	if c.trouble != nil {
		c.trouble.startedAt = time.Time{}
	}
	if len(w.calls) == 0 && w.pool.cfg.IdleTimeout > 0 {
		w.busyAt = time.Now()
	}
}

// suspendLocked notes that c begins to wait in w, or has ended its wait.
func (p *Pool) suspendLocked(w *worker, c *call, waits bool) {
	switch {
	case waits == (c.stage == suspended):
		return
	case waits:
		c.toLocked(suspended)
		w.suspended++
	default:
		c.toLocked(resumed)
		w.suspended--
	}
	p.in.SetWaitingLocked(c.node, waits)
}
