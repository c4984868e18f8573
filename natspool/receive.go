package natspool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/farerror"
	"github.com/quartet-go/quartet/internal/task"
)

// confirmAfter is how many results are confirmed together, if not a beat or a grant comes first.
const confirmAfter = 64

// receive handles a message from a node. It runs on one goroutine, the subscription's.
//
// All frames of a message are handled in one section, and all effects run after it. Grants go out
// at once, since a slot waits for each. Confirmations wait for company: a result that is not
// confirmed is only said again.
func (p *Pool) receive(m *nats.Msg) {
	from, all, err := frames(m.Data)
	if err != nil {
		p.in.Logger().Warn("natspool: a node's message is not understood", "pool", p.cfg.Name, "error", err)
		return
	}
	var out todo
	confirms, again := 0, false
	var flow *record // whose items have arrived last
	p.in.Lock()
	n := p.members.meetLocked(from, time.Now())
	// One section for the whole message: results that have come together end together.
	for _, f := range all {
		switch f.kind {
		case frameAsk:
			out.frames = append(out.frames, addressed{from, p.askedLocked(n, f.id, &out)})
		case frameRefuse:
			p.refusedByLocked(n, f, &out)
		case frameBack:
			p.givenBackLocked(n, f.id, &out)
		case frameResult:
			again = again || p.records[f.id] == nil
			if p.resultLocked(n, f, &out) {
				confirms = p.out.push(p.names.node(from), frame{kind: frameConfirm, id: f.id})
			}
		case frameItem:
			if r := p.itemLocked(n, f, &out); r != nil && r != flow {
				p.sayTakenLocked(flow)
				flow = r
			}
		case frameHolding:
			p.holdingLocked(n, f, &out)
		}
	}
	p.sayTakenLocked(flow)
	draining := n.beat.draining
	p.in.Commit()
	p.do(&out)
	// A draining node waits for the confirmations. A result that was said again may be the last word
	// to a pool that is idle, and so has no beats to take the confirmation along.
	if confirms >= confirmAfter || draining || again {
		p.out.flush()
	}
}

// askedLocked decides whether n may start the call. This is the one place that says so. A call that
// n holds already gets the grant again, which n may not have heard; one that another holds, or that
// has ended, is denied, and n forgets it. The answer goes out with the others of this message.
func (p *Pool) askedLocked(n *member, id uint64, out *todo) frame {
	r := p.records[id]
	switch {
	case r == nil, r.decided(), r.state == held && r.holder != n:
		return frame{kind: frameDeny, id: id}
	case r.state == held: // the grant was lost on its way, and is said again
	case !p.takeLocked(r, out):
		return frame{kind: frameDeny, id: id}
	default:
		p.holdLocked(r, n)
	}
	until, _ := r.node.Parent().Deadline()
	return frame{kind: frameGrant, id: id, n: leftOf(until)}
}

// takeLocked makes sure that r may be started: it takes it out of the intake's queue the first
// time. A call whose context has ended, or that was cancelled, is not. From the grant on, its
// context is watched here: before, the intake watched it.
func (p *Pool) takeLocked(r *record, out *todo) bool {
	if !r.granted() {
		if !r.node.State().Pending() || !p.in.TakeLocked(r.node) {
			return false
		}
		if parent := r.node.Parent(); parent.Done() != nil {
			r.stop = context.AfterFunc(parent, func() { p.cancelled(r.node) })
		}
	}
	cause := context.Cause(r.node.Context())
	// A future that a wrapper has put on its way has a node of its own.
	if f, ok := quartet.As[task.Noder](r.call); cause == nil && ok && f.Node() != r.node && !f.Node().Claim() &&
		f.Node().State().Over() {
		cause = context.Canceled
	}
	if cause != nil {
		p.endLocked(r, out, ending{err: cause})
	}
	return cause == nil
}

// holdLocked: n has been allowed to start r. A parked call may be started too, from an older copy
// in the stream; its attempt has been taken back, and counts after all.
func (p *Pool) holdLocked(r *record, n *member) {
	if r.state == parked {
		r.message.attempt++
	}
	r.moveLocked(held)
	r.holder, r.heldAt = n, p.beat
	r.node.Lane = int32(n.lane)
}

// refusedByLocked: nodes of n's class do not run the call. It has not been started there. Its class
// is noted, so that the call is not sent to it again. A node whose beat has not been heard has no
// class yet; its call is found missing in the stream, and sent again.
func (p *Pool) refusedByLocked(n *member, f frame, out *todo) {
	out.frames = append(out.frames, addressed{n.beat.id, frame{kind: frameDeny, id: f.id}})
	r := p.records[f.id]
	if r == nil || r.decided() || r.state == held && r.holder != n || !n.known {
		return
	}
	r.refused = append(r.refused, n.beat.class)
	if len(f.body) > 0 {
		r.refusal = farerror.Decode(f.body, nil)
	}
	if r.state != parked { // as a second node of the class may find it, which has an older copy
		r.message.attempt--
	}
	p.sendLocked(r, out)
}

// givenBackLocked: n has not started a call that it was granted, and will not.
func (p *Pool) givenBackLocked(n *member, id uint64, out *todo) {
	out.frames = append(out.frames, addressed{n.beat.id, frame{kind: frameDeny, id: id}})
	if r := p.records[id]; r != nil && r.state == held && r.holder == n {
		r.message.attempt--
		p.sendLocked(r, out)
	}
}

// errUnwanted is the cause with which a call is cancelled on a node that was believed lost.
var errUnwanted = errors.New("natspool: nobody waits for the call any more")

// resultLocked ends a call. An output counts from any node, also from one that was believed lost.
// An error counts only from the node that holds the call, or from one that has started it without
// leave: another node may report an error because it was told to cancel. It reports false if n has
// to send its items again first.
func (p *Pool) resultLocked(n *member, f frame, out *todo) bool {
	r := p.records[f.id]
	if r == nil || !p.wantedLocked(r, n, f, out) {
		// Nobody will read this output; but a result that is said again may name the object that is
		// being fetched.
		if f.flags&flagObject != 0 && (r == nil || r.output != string(f.body)) {
			p.big.removeLater(p, string(f.body))
		}
		return true
	}
	// Items are still missing. Without a confirmation the node says items and result again.
	if f.flags&flagStream != 0 && r.flow != nil && r.flow.frames != f.m {
		return false
	}
	e := ending{raw: f.flags&flagRaw != 0, output: f.body}
	switch {
	case f.flags&flagError != 0:
		e.output, e.err = nil, farerror.Decode(f.body, context.Cause(r.node.Context()))
	case f.flags&flagObject != 0:
		p.fetchLocked(r, string(f.body), e)
		return true
	case r.flow != nil && f.flags&flagStream == 0:
		e.err = fmt.Errorf("natspool: the node has sent one result of %q, which is a stream here", r.message.name)
	}
	p.endLocked(r, out, e)
	return true
}

// wantedLocked reports whether n's result f is r's outcome.
func (p *Pool) wantedLocked(r *record, n *member, f frame, out *todo) bool {
	switch {
	case r.decided():
		return false
	case r.state == held && r.holder == n:
		return true
	// An error from a node that does not hold the call may only say that it was told to cancel.
	// Items of a stream that another node has begun would not fit to those that were read.
	case f.flags&flagError != 0 && (r.granted() || !p.cfg.Detached), r.flow != nil, !p.takeLocked(r, out):
		return false
	}
	p.holdLocked(r, n)
	return true
}

// fetchLocked gets a large output, and then ends the call. Its node forgets the call meanwhile, so
// it must not stay in state held: a held call that its node does not list is sent again. leave
// waits for it by aside.
func (p *Pool) fetchLocked(r *record, object string, e ending) {
	r.moveLocked(fetching)
	r.output = object
	p.aside.Go(func() {
		e.output, e.err = p.big.get(context.WithoutCancel(r.node.Parent()), object)
		p.big.remove(object)
		var out todo
		p.in.Lock()
		p.endLocked(r, &out, e)
		p.in.Commit()
		p.do(&out)
	})
}

// holdingLocked compares n's list of this pool's calls with the pool's own.
//
// The list answers beat f.n. A grant of the beat before may still have been on its way when the
// node wrote the list. So a missing call counts as never arrived only if it was granted earlier.
//
// The node vouches for its list since beat f.m. Before, it may have dropped results of this pool,
// which it had not heard for long. This side need not know of that: its clock stands still while
// its machine sleeps. A missing call that was granted before f.m may have run, so it is lost.
func (p *Pool) holdingLocked(n *member, f frame, out *todo) {
	there := make(map[uint64]bool, len(f.held))
	for _, h := range f.held {
		there[h.id] = true
		r := p.records[h.id]
		switch {
		case r != nil && r.decided(): // n will hear that its result has arrived
		case r == nil || r.state == held && r.holder != n: // nobody waits for it there: the node was believed lost
			f := frame{kind: frameDeny, id: h.id}
			if h.begun {
				f.kind, f.body = frameCancel, farerror.Encode(errUnwanted, nil)
			}
			out.frames = append(out.frames, addressed{n.beat.id, f})
		case r.state == held: // the word of its end may have been lost
			p.sayCancelledLocked(r, out)
		case h.begun: // it was started without leave, while this pool was out of reach
			if p.takeLocked(r, out) {
				p.holdLocked(r, n)
			}
		}
	}
	for _, r := range p.records {
		switch {
		case r.state != held || r.holder != n || there[r.id] || r.heldAt+1 >= f.n:
		case r.heldAt < f.m:
			p.in.Logger().Warn("natspool: a node has dropped a result", "pool", p.cfg.Name, "node", n.beat.id,
				"function", r.message.name)
			p.lostCallLocked(r, n, out)
		default: // the grant never arrived: it has not been started, and this is no attempt
			r.message.attempt--
			p.sendLocked(r, out)
		}
	}
}

// Cancelled implements task.Canceller.
func (h *host) Cancelled(n *task.Node) { (*Pool)(h).cancelled(n) }

// cancelled: the context of a granted call has ended. A held call's end is the node's answer: a
// cancelled function may still return a value. One that nobody holds ends at once. It runs on the
// goroutine that cancelled, or on that of the context's AfterFunc, without the lock.
func (p *Pool) cancelled(n *task.Node) {
	r := n.Data.(*record)
	cause := context.Cause(n.Context())
	if cause == nil {
		return
	}
	var out todo
	p.in.Lock()
	switch {
	case r.state == held:
		p.sayCancelledLocked(r, &out)
	case r.state != ended:
		p.endLocked(r, &out, ending{err: cause})
	}
	p.in.Commit()
	p.do(&out)
}

// sayCancelledLocked tells the node that holds r that its context has ended, if it has.
func (p *Pool) sayCancelledLocked(r *record, out *todo) {
	if cause := context.Cause(r.node.Context()); cause != nil {
		out.frames = append(out.frames,
			addressed{r.holder.beat.id, frame{kind: frameCancel, id: r.id, body: farerror.Encode(cause, nil)}})
	}
}

// endLocked ends a granted call. The first ending counts. The record goes, so later news of the
// call finds none.
func (p *Pool) endLocked(r *record, out *todo, e ending) {
	if r.state == ended {
		return
	}
	r.moveLocked(ended)
	delete(p.records, r.id)
	e.r = r
	if r.flow != nil { // items may be on their way to the reader
		r.flow.end = &e
		out.wakeLocked(r)
		return
	}
	out.ends = append(out.ends, e)
}

// finish resolves calls that have ended, and gives their nodes back. No lock is held while the
// caller's code runs. The nodes are given back together, in one section.
func (p *Pool) finish(ends []ending) {
	if len(ends) == 0 {
		return
	}
	for _, e := range ends {
		r := e.r
		if r.stop != nil {
			r.stop()
		}
		p.observePanic(e.err)
		if e.err != nil { // before Resolve, which publishes the outcome
			r.node.Fail()
		}
		p.in.Guard(func() { r.call.Resolve(e.output, &codec{raw: e.raw}, e.err) })
		r.node.End()
		p.big.removeLater(p, r.message.object)
	}
	p.in.Lock()
	for _, e := range ends {
		p.in.EndLocked(e.r.node)
	}
	p.in.Commit()
}
