package procpool

import (
	"context"
	"slices"
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

const (
	// windowWork is how much work a worker should hold, running and prefetched: enough that it never waits for the next
	// task, little enough that a task never waits long behind another.
	windowWork = 200 * time.Microsecond
	maxWindow  = 256
	// aheadBelow is up to what length of tasks one is always sent ahead: where both sides have gone to sleep the way there
	// and back takes nearly 100 µs. An idle worker gets back what waits behind a task that turns out long.
	aheadBelow = 2 * time.Millisecond // LONG in quartet_worker.py
)

// dispatch is locked: what is queued goes to workers with room, and to waiting ones that want what descends from their
// task; where there are too few workers, new ones are started.
func (p *Pool) dispatch() {
	for {
		w := p.freest()
		if w == nil {
			break
		}
		c := p.next()
		if c == nil {
			break
		}
		p.assign(p.homeOf(c, w), c, 0)
	}
	for _, w := range p.workers {
		if w == nil || w.want == nil {
			continue
		}
		if c := p.descendant(w.want); c != nil {
			under := w.want.id()
			w.want = nil
			p.assign(w, c, under)
		}
	}
	if len(p.resend) > 0 || p.in.Len() > 0 {
		p.grow()
	} else {
		p.revoke()
	}
	p.retire()
	p.lookLater()
}

// revoke is locked: nothing is queued. An idle worker gets half of what waits in the one that has the most to do.
func (p *Pool) revoke() {
	idle := p.freest()
	if idle == nil || len(idle.calls) > 0 {
		return
	}
	var most *worker
	for _, w := range p.workers {
		if w != nil && w.worthRevoking() && (most == nil || len(w.calls) > len(most.calls)) {
			most = w
		}
	}
	if most != nil {
		most.revoked = true
		most.out.pushUrgent(frame{typ: frameRevoke, flags: flagOptional, arg: uint16(len(most.calls) / 2)})
	}
}

// worthRevoking is locked: what waits in w is enough work to be carried to another.
func (w *worker) worthRevoking() bool {
	return w.ready && w.exact && !w.revoked && w.suspended == 0 && time.Duration(len(w.calls)-1)*w.pace > windowWork/2
}

// freest is locked: the worker with the fewest tasks, of those that have room for one more.
func (p *Pool) freest() *worker {
	var best *worker
	for _, w := range p.workers {
		if w != nil && w.available() && (best == nil || len(w.calls) < len(best.calls)) {
			best = w
		}
	}
	return best
}

// available is locked: w takes one call more.
func (w *worker) available() bool { return w.ready && !w.retiring && w.room() }

// room is locked. A worker in which a task waits takes only what descends from that task, unless it runs several at once.
func (w *worker) room() bool {
	if w.width > 1 {
		return len(w.calls)-w.suspended < w.width
	}
	return w.suspended == 0 && len(w.calls) < w.window && (len(w.calls) == 0 || !w.stuck())
}

// stuck is locked: a foreign worker is in a call that has turned out long. While that runs it may be unable to give back
// what was sent ahead.
func (w *worker) stuck() bool {
	return w.pool.foreign() && time.Since(w.heardAt) > aheadBelow
}

// next is locked: the call that is to go to a worker, nil when none is queued.
func (p *Pool) next() *call {
	for len(p.resend) > 0 {
		c := p.resend[0]
		p.resend = p.resend[1:]
		c.waiting = false
		if p.startable(c) {
			return c
		}
	}
	for n := p.in.Pop(); n != nil; n = p.in.Pop() {
		if c := n.Data.(*call); p.startable(c) {
			return c
		}
	}
	return nil
}

// startable is locked: it ends a call that has been taken from a queue, and whose context has ended.
func (p *Pool) startable(c *call) bool {
	err := context.Cause(c.node.Context())
	if f, ok := c.call.(task.Noder); err == nil && ok && f.Node() != c.node && !f.Node().Claim() && f.Node().State() == task.Ended {
		err = context.Canceled // a future that a wrapper has put on its way, and that was cancelled
	}
	if err != nil {
		p.in.After(func() { p.end([]outcome{{call: c, err: err}}) })
	}
	return err == nil
}

// descendant is locked: it takes a queued call that descends from c, nil when there is none.
func (p *Pool) descendant(c *call) *call {
	for k := c.kids; k != nil; k = k.next {
		switch {
		case k.waiting:
			p.unqueue(k)
			if p.startable(k) {
				return k
			}
		case k.node.In != nil:
			if p.in.Take(k.node) && p.startable(k) {
				return k
			}
		default:
			if d := p.descendant(k); d != nil {
				return d
			}
		}
	}
	return nil
}

// unqueue is locked: it takes c out of resend.
func (p *Pool) unqueue(c *call) {
	if i := slices.Index(p.resend, c); i >= 0 {
		p.resend = slices.Delete(p.resend, i, i+1)
	}
	c.waiting = false
}

// requeue is locked: calls that have not started anywhere go before all that is queued, the eldest first.
func (p *Pool) requeue(calls ...*call) {
	for _, c := range calls {
		c.worker, c.waiting = nil, true
	}
	p.resend = append(p.resend, calls...)
	slices.SortFunc(p.resend, func(a, b *call) int {
		if a.id() < b.id() {
			return -1
		}
		return 1
	})
}

// assign is locked: it sends c to w.
func (p *Pool) assign(w *worker, c *call, under uint64) {
	if len(w.calls) > 0 {
		p.grow()
	}
	if len(w.calls) == 0 && (p.care.every > 0 || p.foreign()) {
		w.movedAt = time.Now()
		w.heardAt = w.movedAt
	}
	c.worker = w
	w.calls[c.id()] = c
	w.took()
	c.node.Lane = w.lane
	for ; w.bound <= int(c.fn); w.bound++ {
		w.out.push(frame{typ: frameBind, arg: uint16(w.bound), body: []byte(p.names[w.bound])})
	}
	f := frame{typ: frameTask, id: c.id(), arg: c.fn, body: c.input}
	if x := (ext{label: c.label, under: under}); x != (ext{}) || !c.deadline.IsZero() {
		if !c.deadline.IsZero() {
			x.left = max(time.Until(c.deadline), 1)
		}
		f.flags = flagExt
		f.body = append(appendExt(nil, x), c.input...)
	}
	if c.raw {
		f.flags |= flagRaw
	}
	if len(w.calls) == 1 {
		w.turn.lone = c.joined
		w.out.pushQuietly(f)
		p.in.After(w.out.direct)
	} else {
		w.out.push(f)
	}
	if !w.turn.lone || !c.joined {
		w.turn.call()
	}
	p.watch(c)
}

// adapt is locked: a call of w's took 1<<bits nanoseconds, or somewhat less. The window follows: long calls go to a worker
// one by one, tiny ones in numbers, and where none may be sent ahead, or without a measure, each waits in the pool for the
// one before it.
func (w *worker) adapt(bits int) {
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
