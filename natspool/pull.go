package natspool

import (
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// pulls are a node's requests for calls. A node asks for as many calls as it has free slots, and
// for aheadWork of work more. So it holds no call for long that another node could start.
//
// There are two queues: the queue of all nodes, and the queue of the node's class. The second one
// is empty unless nodes of different programs are there. While it may hold something, the node asks
// the two in turn, without waiting. After that a request waits at each. The node's lock guards it.
// The server alone decides which request a call answers; open is the node's guess at that, and
// expires by itself where the guess is wrong.
type pulls struct {
	slots int
	last  uint64
	open  map[uint64]*pull
	extra bool // one waits at the queue of the class, beyond the slots
	// Falls when a call comes from there, and at a beat after LostAfter.
	barren   bool      // the class's queue was empty when it was last asked
	askedAt  time.Time // when that was
	turn     bool      // the last call came from the class's queue, so the queue of all is next
	hold     bool      // the server does not answer: wait for the next beat
	classAsk bool      // a request without waiting is at the class's queue
}

// pull is one request. It is open until it has brought all, the server has said that there is no
// more, or it has expired. id of it is in the subject of the answers, so that the server's last
// word finds it.
type pull struct {
	class string
	left  int // messages that it may still bring
	extra bool
	asks  bool // it does not wait
	until time.Time
}

func newPulls(slots int) pulls { return pulls{slots: slots, open: make(map[uint64]*pull)} }

// outstandingLocked is how many calls may still come. Without them, two pulls in a row would ask
// for the same slots twice.
func (p *pulls) outstandingLocked() int {
	n := 0
	for _, r := range p.open {
		if !r.extra {
			n += r.left
		}
	}
	return n
}

// request is one that is to be sent.
type request struct {
	subject, reply string
	body           []byte
}

// pull asks for as many calls as there are free slots. It may be called at any time and for
// nothing. The requests are sent after the unlock.
func (n *Node) pull() {
	n.mu.Lock()
	var out []request
	if n.takesLocked() {
		out = n.requestsLocked()
	}
	n.mu.Unlock()
	for _, r := range out {
		_ = n.nc.PublishRequest(r.subject, r.reply, r.body)
	}
}

// takesLocked reports whether the node takes calls. A draining one does while a call waits for
// others and no other node is there.
func (n *Node) takesLocked() bool {
	switch n.phase {
	case serving:
		return !n.pulls.hold
	case draining:
		return !n.pulls.hold && n.waiting > 0 && n.own.members.serving.Load() == 0
	}
	return false
}

// While a request without waiting is at the class's queue, its answer decides what to ask for next.
func (n *Node) requestsLocked() (out []request) {
	p := &n.pulls
	want := p.slots + n.aheadLocked()
	idle := want - n.active
	// Nothing is asked for while the slots are full, so calls stay where every node can fetch them.
	if idle <= 0 || p.classAsk {
		return nil
	}
	mixed := n.own.members.classes.Load() > 1
	// Where many are fetched ahead, they are asked for a quarter at a time, and not one by one.
	if free := idle - p.outstandingLocked(); free > 0 && free >= (want-p.slots)/4 {
		// The class's own queue is asked first and without waiting: its calls can run on few nodes.
		// Where several classes are there, the question after a call from it goes to the queue of
		// all, so that neither queue starves.
		if !p.barren && (!p.turn || !mixed) {
			p.classAsk, p.askedAt = true, time.Now()
			return append(out, n.requestLocked(n.class, free, pull{asks: true}))
		}
		p.turn = false
		out = append(out, n.requestLocked(anyClass, free, pull{}))
	}
	// One more waits at the class's queue, beyond the slots. Otherwise a call that only this class
	// can run would wait until a request at the other queue has expired.
	if mixed && !p.extra {
		p.extra = true
		out = append(out, n.requestLocked(n.class, 1, pull{extra: true}))
	}
	return out
}

// The server forgets it after LostAfter, and the node a Heartbeat later.
func (n *Node) requestLocked(class string, batch int, r pull) request {
	p := &n.pulls
	p.last++
	expires := n.shared.LostAfter
	r.class, r.left, r.until = class, batch, time.Now().Add(expires+n.shared.Heartbeat)
	p.open[p.last] = &r
	body := `{"batch":` + strconv.Itoa(batch)
	if r.asks {
		body += `,"no_wait":true}`
	} else {
		body += `,"expires":` + strconv.FormatInt(expires.Nanoseconds(), 10) + `}`
	}
	return request{n.names.next(class), n.names.pull(n.id, class, p.last), []byte(body)}
}

// closeLocked: the request brings nothing more.
func (p *pulls) closeLocked(id uint64) {
	r := p.open[id]
	if r == nil {
		return
	}
	delete(p.open, id)
	p.extra = p.extra && !r.extra
	p.classAsk = p.classAsk && !r.asks
}

// broughtLocked: a call has arrived from the queue of a class. The message does not say by which
// request: the server serves them in order. It looks at all open requests; there are a few at most.
func (p *pulls) broughtLocked(class string) {
	p.turn = class != anyClass
	if p.turn {
		p.barren = false
	}
	// The oldest open request at that queue is the one that the server serves.
	first := uint64(0)
	for id, r := range p.open {
		if r.class == class && (first == 0 || id < first) {
			first = id
		}
	}
	if r := p.open[first]; r != nil {
		if r.left--; r.left <= 0 {
			p.closeLocked(first)
		}
	}
}

// statusLocked handles the server's word on a request.
//
// 404 says that there are no messages, to a request that does not wait, and 408 ends one that does.
func (n *Node) statusLocked(id uint64, status string) {
	p := &n.pulls
	r := p.open[id]
	p.closeLocked(id)
	switch status {
	case "404", "408":
		if r != nil && r.asks {
			p.barren = true
		}
	default: // the queue is gone, has another leader, or nobody keeps it
		p.hold = true
	}
}

// expireLocked forgets requests that the server has forgotten; all: those before a reconnection
// too. hold falls too: a beat is the time to ask again.
func (p *pulls) expireLocked(now time.Time, all bool) {
	for id, r := range p.open {
		if all || now.After(r.until) {
			p.closeLocked(id)
		}
	}
	p.hold = false
}

// pulled handles a delivered call, or the server's word on a request for calls. Questions wait for
// the last of the calls that have arrived together, and share a message. It runs on the goroutine
// of the subscription, one for each of the two queues.
func (n *Node) pulled(class string, m *nats.Msg) {
	// A message with a status is the server's word on a request, and not a call.
	if status := m.Header.Get("Status"); m.Reply == "" || status != "" {
		n.mu.Lock()
		n.statusLocked(lastToken(m.Subject), status)
		n.mu.Unlock()
		n.pull()
		return
	}
	n.deliver(class, m)
	// More calls have arrived already: their questions go with this one's, when the last has been
	// handled.
	if pending, _, err := m.Sub.Pending(); err == nil && pending > 1 { // it counts this one
		return
	}
	if n.plenty() {
		n.nudge()
	} else {
		n.out.flush()
	}
}
