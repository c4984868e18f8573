package procpool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet/internal/task"
)

// errand is what a frame asks for beyond the pool's lock, in the order of the frames. All that may
// call a user's code is one: decoding errors, looking into contexts. The goroutine that has read
// the frame runs it after the unlock. At most one of ended, submit, cancel and stop is set.
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

// receive handles the frames that have arrived from w. An error is the worker's end. It is called
// by whose turn it is to read, and by bury. The frames before the refused one count: their errands
// have been run.
func (p *Pool) receive(w *worker) error {
	if !w.greeted {
		if err := p.greet(w); err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		if !w.greeted {
			return nil // it has not arrived
		}
	}
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
		// Bodies lie in the reader's buffer until the next read. The batch's errands have been run
		// by then.
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
	// One dispatch for all frames of the batch: results make room, so the next calls go out
	// together.
	w.heardAt = time.Now()
	p.dispatchLocked()
	p.in.Commit()
	// Without the lock: errands decode, resolve futures and submit, all of which may run user code.
	w.ended = p.run(w, errands, w.ended[:0])
	// The slice is kept for the next batch, and must not keep bodies and calls alive.
	clear(errands)
	w.errands = errands
	return more, err
}

// run does errands, ends of calls together as far as their order allows. It returns ended, emptied,
// for reuse. The order holds where somebody could see it: an item comes before the end of its
// stream, a call before the end of the task that made it. Ends in a row share one section of the
// lock.
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
			// The errand of its CALL has run before, so the record has a node.
			e.cancel.record.node.Cancel(wire.DecodeError(e.body, nil))
		case e.stop != nil:
			// The context is that of a task of this pool. So Drain refuses new work, returns
			// ErrInside and does not wait: a wait here would keep the results from being read.
			p.stop()
			_ = p.in.Drain(e.stop)
		}
	}
	p.end(ended)
	clear(ended)
	return ended
}

// fetch reads a body that lies in shared memory, and lets the worker have its room again. It runs
// without the lock, since a body may have 64 MiB. The body is copied before it is decoded: the
// worker could change it meanwhile. One that cannot be read is a protocol error: the file was cut
// short.
func (w *worker) fetch(o *outcome) {
	if o.place.Size == 0 {
		return
	}
	body, err := w.bulk.Read(o.place)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrProtocol, err)
		w.condemn(err)
		o.err, o.far = err, false
		return
	}
	o.output, o.owned = body, true
	w.out.pushQuietly(wire.Frame{Type: wire.Free, ID: uint64(o.place.At)}) // it goes with the next frame
}

// greet handles the first frame of a worker that has started, which should be its hello. The nonce
// shows that the process at the pipe is the one that was started; version, codec and fingerprint,
// that both sides encode alike. It is decoded without the pool's lock: it may have 16 MiB. On an
// error the worker stays booting, and its death counts as a failed start.
func (p *Pool) greet(w *worker) error {
	f, ok, err := w.reader.Next()
	if !ok || err != nil {
		return err
	}
	g, err := wire.ParseGreeting(f)
	if err == nil {
		err = g.Check(w.greeting, !p.foreign())
	}
	if err != nil {
		return err
	}
	p.in.Lock()
	defer p.in.Commit()
	// Under the lock, under which a worker that is not wanted any more is killed.
	if err := w.inTime(); err != nil {
		return err
	}
	w.greeted = true
	p.welcomeLocked(w, g)
	return nil
}

// welcomeLocked has w serve, as its hello says.
func (p *Pool) welcomeLocked(w *worker, g wire.Greeting) {
	// A single hello closes the breaker.
	p.boot.succeededLocked()
	p.down.Store(false)
	w.toLocked(serving)
	// The limit of the hello's body ends here. No frame may be larger than MaxFrame from now on.
	w.ledger, w.reader.Limit = g.Ledger, p.cfg.MaxFrame
	// By Pipelined a worker without a ledger gets calls ahead, too: afterwards nobody knows which
	// of them have started.
	w.exact, w.ahead = g.Ledger, g.Ledger || p.cfg.Pipelined
	// A worker can claim no more than it was offered. One that says nothing runs one task at a
	// time.
	if w.width = min(max(g.Concurrency, 1), max(p.cfg.Concurrency, 1)); w.width > 1 {
		w.exact, w.ahead = false, false // what is there has started
	}
	// The first worker of a version tells the texts of its script's modules. All later ones load
	// these texts, whatever happens to the files; Keep ignores the modules that they tell.
	w.program.Keep(g.Modules)
	w.beats, w.movedAt = g.Heartbeat && g.Ledger, time.Now()
	if w.greeting.Bulk && g.Bulk {
		// start has set page before anybody read, and nobody changes it: mu is not needed.
		w.bulk = bulk.Share(w.page)
		w.out.share(bulk.NewOutbox(w.bulk, wire.InputsAt))
	}
	w.limitLocked(&p.cfg, w.movedAt)
	p.care.presentLocked(w.movedAt, &p.cfg)
	// Reload has started it to prove a new version.
	if w.version > p.version {
		p.adoptLocked(w)
	}
	// Ready and Reload wait for it.
	p.announceLocked()
}

// frameLocked handles a frame of w's. When it refuses one, it leaves the worker's calls as it found
// them: they are lost with the worker, and not before. All frames come through it, also those from
// a dead worker's ledger. Nothing in a frame is trusted: numbers are looked up in the worker's own
// maps, and a task that another worker holds cannot be named.
func (p *Pool) frameLocked(w *worker, f wire.Frame) (errand, error) {
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
		// The task's code must be this program's own: no other program may end its pool.
		if p.foreign() {
			return errand{}, errors.New("SHUTDOWN is not for workers of another program")
		}
		// Any of its calls will do: the context only shows that the shutdown comes from inside.
		for _, c := range w.calls {
			return errand{stop: c.node.Context()}, nil
		}
		return errand{}, nil
	case wire.Result, wire.Item, wire.Returned, wire.Suspended, wire.Resumed, wire.Want:
	default:
		return errand{}, fmt.Errorf("%s is no frame for a pool", f.Type)
	}
	// A worker speaks of tasks that it holds. Its RESULT or RETURNED is its last word on a task, so
	// no frame of its own can cross one.
	c := w.calls[f.ID]
	if c == nil {
		return errand{}, fmt.Errorf("a %s frame names the task %d, which is not there", f.Type, f.ID)
	}
	// When the call of a caller who waits ends, the caller may write to its input.
	if c.node.Is(task.Joined) && w.out.holds(f.ID) {
		return errand{}, fmt.Errorf("a %s frame names the task %d, which has not been sent yet", f.Type, f.ID)
	}
	return p.progressLocked(w, c, f)
}

// progressLocked handles a frame that says how c is getting on. SUSPENDED moves the stage: from
// then on c is known to have started, whatever the ledger says in the end.
func (p *Pool) progressLocked(w *worker, c *call, f wire.Frame) (errand, error) {
	switch f.Type {
	case wire.Suspended:
		p.suspendLocked(w, c, true)
	case wire.Resumed:
		p.suspendLocked(w, c, false)
		w.want = nil
	case wire.Want:
		// It asks for one descendant. When that has ended it sends WANT again.
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

// resultLocked handles RESULT: c has returned. Checks come before changes: after a refused frame c
// is still in calls, and bury ends it.
func (p *Pool) resultLocked(w *worker, c *call, f wire.Frame) (errand, error) {
	o := outcome{call: c, output: f.Body, owned: f.Owned}
	if err := w.contentLocked(&o, f); err != nil {
		return errand{}, err
	}
	if c.items != nil && !o.far && len(f.Body) > 0 {
		// PROTOCOL.md, Streams: such a worker knows nothing of streams. It costs the call, and not
		// the worker.
		o.err = fmt.Errorf("procpool: the worker has sent one result of %q, which Go declares as a stream", p.names[c.fn])
	}
	// A task may end while it counts as waiting: another goroutine waits in its name.
	p.suspendLocked(w, c, false)
	w.removeLocked(c)
	w.completed++
	w.last = spoken{c.id(), p.names[c.fn], c.label}
	// A result shows that the worker gets on. It may be asked to give calls back again, and sends
	// WANT again if a task waits still.
	w.want, w.revoked, w.idleReturns = nil, false, 0
	w.adaptLocked(int(f.Arg >> 8))
	return errand{ended: o}, nil
}

// contentLocked notes in o what the body of a frame of w's is, and where it lies. ParsePlace keeps
// a place within the area of results and MaxFrame, before memory is taken for it.
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
		// Nothing keeps it from running this one. That it did so once may be a matter of timing.
		if w.idleReturns++; w.idleReturns > mostIdleReturns {
			return errand{}, fmt.Errorf("RETURNED gives task %d back, though no other runs", c.id())
		}
	}
	w.removeLocked(c)
	if !asked {
		// It was not asked: a task before c takes long, or c was cancelled. Nothing is sent ahead
		// until results show short tasks.
		w.pace, w.window = windowWork, 1
	}
	if cause == nil && overdue {
		cause = ErrRunTimeout
	}
	if cause != nil {
		return errand{ended: outcome{call: c, err: cause}}, nil
	}
	// Nothing has happened to it: it goes to the next worker with room, before all that is queued.
	p.requeueLocked(c)
	return errand{}, nil
}

// removeLocked takes c from w. The caller ends c or requeues it. From here on nobody tells w of c's
// cancellation.
func (w *worker) removeLocked(c *call) {
	delete(w.calls, c.id())
	if w.bulk != nil && len(c.input) >= wire.BulkLeast {
		// The task has left the worker, so the place of its input is free. free may call the
		// system.
		id := c.id()
		w.pool.in.AfterLocked(func() { w.out.free(id) })
	}
	c.worker = nil
	if c.trouble != nil {
		// The run time counts anew in the next worker; losses and deaths stay.
		c.trouble.startedAt = time.Time{}
	}
	if len(w.calls) == 0 && w.pool.cfg.IdleTimeout > 0 {
		w.busyAt = time.Now()
	}
}

// suspendLocked notes that c begins to wait in w, or has ended its wait. Stage, count and the
// intake's numbers change together. A repeated frame changes nothing.
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
