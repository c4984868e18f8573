package natspool

import (
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// Look is what the node does at a beat at that time.
func (n *Node) Look(now time.Time) { n.look(now) }

// Unconfirmed is how many calls have ended on the node, whose pools have not said that they know.
func (n *Node) Unconfirmed() (jobs int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, j := range n.jobs {
		if j.stage == over {
			jobs++
		}
	}
	return jobs
}

// Beats is where the pools of the default Name say that they are there.
var Beats = namesOf("quartet").callerBeat()

// Beat tells the nodes that the pool is there.
func (p *Pool) Beat() { p.sayBeat(false) }

// Subject is where nodes send what they have to tell the pool.
func (p *Pool) Subject() string { return p.names.caller(p.id) }

// Deaf has messages of nodes to the pool get lost, as a broken connection does, until hears is
// called. Beats of the nodes arrive all the same.
func (p *Pool) Deaf() (hears func() error, err error) {
	i := slices.IndexFunc(p.subs, func(s *nats.Subscription) bool { return s.Subject == p.Subject() })
	if err := p.subs[i].Unsubscribe(); err != nil {
		return nil, err
	}
	return func() (err error) {
		if p.subs[i], err = p.nc.Subscribe(p.Subject(), p.receive); err != nil {
			return err
		}
		return p.nc.Flush()
	}, p.nc.Flush()
}

// Hear takes a message of a node in.
func (p *Pool) Hear(m *nats.Msg) { p.receive(m) }

// IsList reports whether a node's message is only its list of calls, which answers a beat.
func IsList(m *nats.Msg) bool {
	_, all, err := frames(m.Data)
	return err == nil && len(all) == 1 && all[0].kind == frameHolding
}

// Left reports whether the pool has heard that a node is there no more, or does not know it.
func (p *Pool) Left(id string) bool {
	p.in.Lock()
	defer p.in.Commit()
	m := p.members.byID[id]
	return m == nil || m.beat.gone
}

// Draining reports whether the node takes no new calls.
func (n *Node) Draining() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.phase != serving
}

// LoseSilent is what the pool does about silent nodes at a beat at that time.
func (p *Pool) LoseSilent(now time.Time) {
	var out todo
	p.in.Lock()
	p.loseLocked(now.Add(-p.cfg.LostAfter), &out)
	p.in.Commit()
	p.do(&out)
}
