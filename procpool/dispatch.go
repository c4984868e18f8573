package procpool

import (
	"context"
	"slices"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet/internal/task"
)

const (
	// windowWork is how much work a worker should hold, running and sent ahead: enough that it
	// never waits for the next task, little enough that a task never waits long behind another.
	windowWork = 200 * time.Microsecond
	maxWindow  = 256
	// aheadBelow is up to what length of tasks one is always sent ahead: where both sides have gone
	// to sleep the way there and back takes nearly 100 µs. An idle worker gets back what waits
	// behind a task that turns out long.
	aheadBelow = 2 * time.Millisecond // LONG in the worker in Python
)

// dispatchLocked sends queued calls to workers with room, and to waiting ones that take calls which
// descend from their task. Where there are too few workers, it starts new ones. It is the intake's
// Ready hook. Sections that may have made room or work call it too: after frames, ends, deaths and
// looks. It ends, as each round takes a call out of a queue.
func (p *Pool) dispatchLocked() {
	for {
		w := p.freestLocked()
		if w == nil {
			break
		}
		c := p.nextLocked()
		if c == nil {
			break
		}
		p.assignLocked(p.homeOfLocked(c, w), c, 0)
	}
	// A worker whose task waits is full for others. It may run what that task waits for, or nested
	// calls would wait for ever when all workers wait.
	for _, w := range p.workers {
		if w == nil || w.want == nil {
			continue
		}
		if c := p.descendantLocked(w.want); c != nil {
			under := w.want.id()
			w.want = nil
			p.assignLocked(w, c, under)
		}
	}
	// Queued calls need more workers; growLocked counts those that are starting. With nothing
	// queued an idle worker relieves a busy one.
	if n := len(p.resend) + p.in.LenLocked(); n > 0 {
		p.growLocked(n)
	} else {
		p.growLocked(0)
		p.revokeLocked()
	}
	p.rollLocked()
	p.letGoLocked()
	p.lookLaterLocked()
}

// revokeLocked has an idle worker get half of the calls of the one that has the most to do. Nothing
// is queued. The answers are RETURNED frames. Tasks that have started meanwhile are not given back,
// so asked is a bound and no debt.
func (p *Pool) revokeLocked() {
	idle := p.freestLocked()
	if idle == nil || len(idle.calls) > 0 {
		return
	}
	var most *worker
	for _, w := range p.workers {
		if w != nil && w.worthRevokingLocked() && (most == nil || len(w.calls) > len(most.calls)) {
			most = w
		}
	}
	if most != nil {
		half := len(most.calls) / 2
		most.revoked = true
		most.asked += half
		most.out.pushUrgent(wire.Frame{Type: wire.Revoke, Flags: wire.FlagOptional, Arg: uint16(half)})
	}
}

// worthRevokingLocked reports whether what waits in w is enough work to be carried to another.
// Workers that are not exact hold one call, have started all of them, or may not know REVOKE. One
// whose task waits has given back the others by itself.
func (w *worker) worthRevokingLocked() bool {
	return w.upLocked() && w.exact && !w.revoked && w.suspended == 0 &&
		time.Duration(len(w.calls)-1)*w.pace > windowWork/2
}

// freestLocked returns the worker with the fewest tasks, of those that have room for one more; nil:
// none has. Of equal ones it is that of the lowest lane, so that the others may reach IdleTimeout.
func (p *Pool) freestLocked() *worker {
	var best *worker
	for _, w := range p.workers {
		if w != nil && w.availableLocked() && (best == nil || len(w.calls) < len(best.calls)) {
			best = w
		}
	}
	return best
}

// availableLocked reports whether w takes one call more.
func (w *worker) availableLocked() bool {
	return w.life == serving && w.version <= w.pool.version && w.roomLocked()
}

// roomLocked reports whether w has room for a call. A worker in which a task waits takes only what
// descends from that task, unless it runs several at once.
func (w *worker) roomLocked() bool {
	// Several at once: the calls that wait do not count, and none is sent ahead.
	if w.width > 1 {
		return len(w.calls)-w.suspended < w.width
	}
	return w.suspended == 0 && len(w.calls) < w.window && (len(w.calls) == 0 || !w.stuckLocked())
}

// stuckLocked reports whether a foreign worker is in a call that has turned out long. While that
// runs it may be unable to give back the calls that were sent ahead.
func (w *worker) stuckLocked() bool {
	return w.pool.foreign() && time.Since(w.heardAt) > aheadBelow
}

// nextLocked takes the call that is to go to a worker; nil when none is queued. The intake counts
// it as running from now on. Those in resend have been counted so since they were popped.
func (p *Pool) nextLocked() *call {
	for len(p.resend) > 0 {
		c := p.resend[0]
		p.resend = p.resend[1:]
		if p.startableLocked(c) {
			return c
		}
	}
	for n := p.in.PopLocked(); n != nil; n = p.in.PopLocked() {
		if c := n.Data.(*call); p.startableLocked(c) {
			return c
		}
	}
	return nil
}

// startableLocked reports whether c, taken from a queue, may go to a worker. Where its context has
// ended it ends the call. A wrapper and the future in it have a node each. The intake has claimed
// the wrapper's; claiming the future's, too, keeps a Cancel from abandoning it while the call runs.
// A call from resend has it claimed already.
func (p *Pool) startableLocked(c *call) bool {
	err := context.Cause(c.node.Context())
	if err == nil && c.inner != nil && !c.inner.Claim() && c.inner.State().Over() {
		err = context.Canceled
	}
	if err != nil {
		c.toLocked(ending)
		p.in.AfterLocked(func() { p.end([]outcome{{call: c, err: err}}) })
	}
	return err == nil
}

// descendantLocked takes a queued call that descends from c, nil when there is none. It looks below
// calls that have started, too, in whichever worker: c may wait for what they wait for. The search
// takes time in proportion to the unfinished descendants.
func (p *Pool) descendantLocked(c *call) *call {
	for k := c.kids; k != nil; k = k.next {
		switch {
		case k.stage == requeued:
			p.unqueueLocked(k)
			if p.startableLocked(k) {
				return k
			}
		case k.node.State().Queued():
			if p.in.TakeLocked(k.node) && p.startableLocked(k) {
				return k
			}
		default:
			if d := p.descendantLocked(k); d != nil {
				return d
			}
		}
	}
	return nil
}

// unqueueLocked takes c out of resend.
func (p *Pool) unqueueLocked(c *call) {
	if i := slices.Index(p.resend, c); i >= 0 {
		p.resend = slices.Delete(p.resend, i, i+1)
	}
}

// requeueLocked puts calls that have not started anywhere before all that is queued, the eldest
// first. They have been popped, so they cannot go back into the intake's queue; resend is asked
// before that.
func (p *Pool) requeueLocked(calls ...*call) {
	for _, c := range calls {
		c.worker = nil
		c.toLocked(requeued)
	}
	p.resend = append(p.resend, calls...)
	slices.SortFunc(p.resend, func(a, b *call) int {
		if a.id() < b.id() {
			return -1
		}
		return 1
	})
}

// assignLocked sends c to w. under is the waiting task of w from which c descends, which travels as
// tag 3; 0: none.
func (p *Pool) assignLocked(w *worker, c *call, under uint64) {
	if len(w.calls) > 0 {
		// c is sent ahead here, while another worker could run it at once. A start takes
		// milliseconds, so c need not wait for it: it can be asked back.
		p.growLocked(max(1, len(p.resend)+p.in.LenLocked()))
	}
	if len(w.calls) == 0 {
		// An idle worker need not move. HangTimeout counts from its first call.
		w.movedAt = time.Now()
		w.heardAt = w.movedAt
	}
	c.worker = w
	c.toLocked(sent)
	w.calls[c.id()] = c
	w.countDownLocked()
	c.node.Lane = int32(w.lane)
	// Numbers go up by one (BIND), so the names between are told, too.
	for ; w.bound <= int(c.fn); w.bound++ {
		w.out.push(wire.Frame{Type: wire.Bind, Arg: uint16(w.bound), Body: []byte(p.names[w.bound])})
	}
	// The body is not copied: c keeps its input unchanged until its end. That of a caller who waits
	// may be the caller's own memory.
	f := wire.Frame{Type: wire.Task, ID: c.id(), Arg: c.fn, Body: c.input, Owned: !c.node.Is(task.Joined)}
	if x := (wire.Ext{Label: c.label, Under: under, Values: c.values}); !x.Empty() || !c.deadline.IsZero() {
		if !c.deadline.IsZero() {
			// A duration, since the worker has its own clock, and never 0, which means no deadline.
			x.Left = max(time.Until(c.deadline), 1)
		}
		f.Flags, f.Ext = wire.FlagExt, wire.AppendExt(nil, x)
	}
	if c.raw {
		f.Flags |= wire.FlagRaw
	}
	if c.items != nil {
		f.Flags |= wire.FlagStream
	}
	// The only call of a worker is written by the goroutine that dispatches, after the unlock. One
	// that waits behind others can wait for the writer, which takes all that have gathered.
	if len(w.calls) == 1 {
		w.turn.lone = c.comer == coming
		w.out.pushQuietly(f)
		p.in.AfterLocked(w.out.direct)
	} else {
		w.out.push(f)
	}
	// A reader that rests is to read: this result has no submitter that comes for it.
	if !w.turn.lone || c.comer != coming {
		w.turn.onLocked(readerCalled)
	}
	// The intake watches contexts of queued calls only. This is the watch for its time in workers.
	p.watchLocked(c)
}

// adaptLocked adapts w's window to a call that took 1<<bits nanoseconds, or somewhat less. Long
// calls go to a worker one by one, tiny ones in numbers. Where none may be sent ahead, or without a
// measure, each waits in the pool for the one before it. The worker's figure is not trusted: beyond
// 40 bits, some 18 minutes, it counts as 40, and a result doubles the window at most.
func (w *worker) adaptLocked(bits int) {
	if !w.ahead || bits == 0 {
		return
	}
	w.pace += (1<<min(bits, 40) - w.pace) / 4
	least := 1
	if w.pace < aheadBelow {
		least = 2
	}
	w.window = min(max(int(windowWork/max(w.pace, 1)), least), 2*w.window, maxWindow)
}
