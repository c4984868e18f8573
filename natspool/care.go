package natspool

import (
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
)

// wakeLocked has the beats begin: there is a call.
func (p *Pool) wakeLocked() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// care beats as long as the pool has calls, and looks after them. An idle pool has no ticker. It is
// the goroutine of the pool that New starts and leave ends. status and hello: after a reconnection
// the nodes may be others, and are asked to say who they are.
func (p *Pool) care() {
	defer close(p.done)
	tick := time.NewTicker(p.cfg.Heartbeat)
	tick.Stop()
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-p.wake:
			tick.Reset(p.cfg.Heartbeat)
			p.restart()
			p.sayBeat(false)
		case s := <-p.status:
			if s == nats.CONNECTED {
				p.restart()
				p.sayBeat(false)
				_ = p.nc.Publish(p.names.hello(), nil)
			}
		case <-tick.C:
			if !p.look() {
				tick.Stop()
			}
		}
	}
}

// restart: nodes were not heard for a reason on this side. They get time to be heard again.
// Otherwise a pool that wakes from a suspended machine would count all nodes as lost at once.
func (p *Pool) restart() {
	now := time.Now()
	p.in.Lock()
	defer p.in.Commit()
	for _, m := range p.members.byID {
		m.heardAt = now
	}
	if now.Sub(p.inTouch) > p.cfg.LostAfter {
		p.loosenLocked()
	}
	p.inTouch, p.lastTick = now, now
}

// loosenLocked: the nodes may have believed that this pool is gone. Those of a Detached one may
// have started its calls. Such a call may not be sent again without a question: it would run twice.
func (p *Pool) loosenLocked() {
	for _, r := range p.records {
		r.loose = p.cfg.Detached
	}
}

// sayBeat tells the nodes that the pool is there, or that it is no more. An idle pool says so and
// stops: nodes know then that its silence means nothing. The holders are named so that a node which
// has lost a call says so: a call that is granted and not listed has never arrived.
func (p *Pool) sayBeat(gone bool) {
	p.in.Lock()
	p.beat++
	b := callerBeat{caller: p.id, n: p.beat, detached: p.cfg.Detached, gone: gone}
	b.idle = len(p.records) == 0
	holders := map[*member]bool{}
	for _, r := range p.records {
		if r.state == held && !holders[r.holder] {
			holders[r.holder] = true
			b.nodes = append(b.nodes, r.holder.beat.id)
		}
	}
	p.in.Commit()
	_ = p.nc.Publish(p.names.callerBeat(), b.append(nil))
}

// look is what every beat does. It reports whether there is a reason for the next one.
//
// Connected, it finds lost nodes and unacknowledged calls. Not connected, nothing can be said about
// nodes, which may serve others; they get twice the time. Closed for good, all calls end now.
func (p *Pool) look() bool {
	now := time.Now()
	var out todo
	p.in.Lock()
	// Not hearing a node proves nothing about a time in which this process did not run.
	if now.Sub(p.lastTick) > 2*p.cfg.Heartbeat { // the process was stopped, or starved
		p.in.Commit()
		p.restart()
		p.in.Lock()
	}
	p.lastTick = now
	switch {
	case p.nc.IsConnected():
		p.inTouch = now
		p.loseLocked(now.Add(-p.cfg.LostAfter), &out)
		p.sendAgainLocked(now, &out)
	case p.nc.IsClosed():
		p.giveUpLocked(&out)
	default:
		p.loseLocked(now.Add(-2*p.cfg.LostAfter), &out)
	}
	p.refuseLocked(now, &out)
	p.dropAbandonedLocked(&out)
	// The question costs the server some work, so it is asked at most twice in LostAfter, and only
	// if a call has been in the stream for long.
	ask := p.nc.IsConnected() && !p.asking && now.Sub(p.askedAt) > p.cfg.LostAfter/2 && p.waitingLocked(now)
	if ask {
		p.asking, p.askedAt = true, now
	}
	for _, r := range p.records {
		p.sayTakenLocked(r) // an earlier word may have been lost
	}
	busy := len(p.records) > 0
	p.in.Commit()
	p.do(&out)
	p.out.flush()
	p.sayBeat(false)
	if ask {
		p.aside.Add(1)
		go p.askStream()
	}
	return busy
}

// loseLocked: nodes that have not been heard since are lost.
func (p *Pool) loseLocked(since time.Time, out *todo) {
	for _, m := range p.members.silentLocked(since) {
		p.lostLocked(m, out)
	}
}

// lostLocked ends, or sends again, what m was allowed to start. Calls that are only queued do not
// concern it: another node will fetch them. The lock is held for all of it, so no answer of the
// node is taken in the middle. A node that has ended in order, and held nothing, is not worth a
// warning.
func (p *Pool) lostLocked(m *member, out *todo) {
	lost := 0
	for _, r := range p.records {
		if r.state != held || r.holder != m {
			continue
		}
		lost++
		p.lostCallLocked(r, m, out)
	}
	p.members.forgetLocked(m)
	p.rerouteLocked(m.beat.class, out)
	if m.beat.gone && lost == 0 {
		return
	}
	p.in.Logger().Warn("natspool: node lost", "pool", p.cfg.Name, "node", m.beat.id, "host", m.host, "pid", m.pid,
		"calls", lost)
}

// leftLocked: m has ended in order. It has told this pool of each call that it gave back, but beats
// and frames have handlers of their own, and such a word may still be waiting. So m's calls count
// as lost a Heartbeat later: m's silence is taken to have begun LostAfter before that.
func (p *Pool) leftLocked(m *member, out *todo) {
	for _, r := range p.records {
		if r.state == held && r.holder == m {
			m.heardAt = time.Now().Add(p.cfg.Heartbeat - p.cfg.LostAfter)
			p.rerouteLocked(m.beat.class, out)
			return
		}
	}
	p.lostLocked(m, out)
}

// lostCallLocked: r may have been started by m, and nothing will be heard of it. attempt counts the
// starts so far, this lost one included.
func (p *Pool) lostCallLocked(r *record, m *member, out *todo) {
	if r.idempotent && int(r.message.attempt) < p.cfg.Attempts {
		p.sendLocked(r, out)
		return
	}
	p.endLocked(r, out, ending{err: p.lostError(r, m)})
}

// rerouteLocked: when the last node of a class is gone, the calls that wait for the class are sent
// elsewhere. Nobody asks at the queue of a class without nodes. attempt is taken back: it has not
// been started.
func (p *Pool) rerouteLocked(class string, out *todo) {
	if _, there := p.members.classesLocked(); there[class] != nil {
		return
	}
	for _, r := range p.records {
		if r.class == class && (r.state == queued || r.state == sending) {
			p.unsendLocked(r, out)
			r.message.attempt--
			p.sendLocked(r, out)
		}
	}
}

// lostError says where the call was lost. The call may have had its effect there: nobody knows.
func (p *Pool) lostError(r *record, m *member) error {
	return &NodeLostError{
		Node: m.beat.id, Host: m.host, PID: m.pid, Func: r.message.name, Attempts: int(r.message.attempt),
	}
}

// sendAgainLocked repeats the calls that the server has not acknowledged within two beats. A stream
// that answers nothing may be gone, so it is asked about too.
//
// Two beats, since the answer to a publish takes a round trip and, in a cluster of servers, the
// replication.
func (p *Pool) sendAgainLocked(now time.Time, out *todo) {
	var again []*record
	for _, r := range p.records {
		if r.state == sending && !r.abandoned() && now.Sub(r.sentAt) > 2*p.cfg.Heartbeat {
			again = append(again, r)
		}
	}
	p.resendLocked(again, out)
	if len(again) > 0 && !p.asking {
		p.asking = true
		p.aside.Add(1)
		go p.askStream() // it may be gone
	}
}

// resendLocked sends calls again that no node has been allowed to start, in order.
func (p *Pool) resendLocked(again []*record, out *todo) {
	slices.SortFunc(again, func(a, b *record) int { return int(a.id) - int(b.id) })
	for _, r := range again {
		r.message.attempt--
		p.sendLocked(r, out)
	}
}

// giveUpLocked: the connection has been closed for good. Calls that were granted end as lost, since
// nothing can be heard of them any more; the others have not started. nats.go reconnects by itself;
// closed means that the program has closed it, or that it has given up.
func (p *Pool) giveUpLocked(out *todo) {
	err := fmt.Errorf("natspool: %w", nats.ErrConnectionClosed)
	for _, r := range p.records {
		switch {
		case r.state == held:
			p.endLocked(r, out, ending{err: p.lostError(r, r.holder)})
		case r.granted():
			p.endLocked(r, out, ending{err: err})
		default:
			out.abandon = append(out.abandon, ending{r: r, err: err})
		}
	}
}

// refuseLocked ends calls that no node runs, half of LostAfter after that became known: nodes come
// and go.
func (p *Pool) refuseLocked(now time.Time, out *todo) {
	for _, r := range p.records {
		if r.state != parked || r.full || now.Sub(r.parkedAt) < p.cfg.LostAfter/2 {
			continue
		}
		err := r.refusal
		if err == nil {
			err = fmt.Errorf("%w: no node of %q has %q", quartet.ErrNoBody, p.cfg.Name, r.message.name)
		}
		if p.takeLocked(r, out) {
			p.endLocked(r, out, ending{err: err})
		}
	}
}

// hear takes the beat of a node in. A new node, or one with other functions, may run parked calls.
// It runs on the goroutine of the subscription to beats. Details are read only of a node that is
// new or changed.
func (p *Pool) hear(msg *nats.Msg) {
	b, err := parseNodeBeat(msg.Data)
	if err != nil {
		p.in.Logger().Warn("natspool: a node's beat is not understood", "pool", p.cfg.Name, "error", err)
		return
	}
	var out todo
	p.in.Lock()
	m, news := p.members.hearLocked(b, time.Now())
	if news { // it may run what no other did
		for _, r := range p.records {
			if r.state == parked && !r.full {
				p.sendLocked(r, &out)
			}
		}
	}
	if b.gone {
		p.leftLocked(m, &out)
	}
	for heard := range p.hearers {
		select {
		case heard <- struct{}{}:
		default:
		}
	}
	p.in.Commit()
	p.do(&out)
	// A draining node waits for confirmations, and ends when it has them all.
	if b.draining {
		p.out.flush()
	}
}

// waitingLocked reports whether a call has been in the stream for so long that it may have got lost
// there.
func (p *Pool) waitingLocked(now time.Time) bool {
	for _, r := range p.records {
		if r.state == queued && now.Sub(r.sentAt) > 2*p.cfg.Heartbeat {
			return true
		}
	}
	return false
}
