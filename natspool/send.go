package natspool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
)

// todo is a list of effects: do applies them after the lock has been released. It is the effects of
// the house's lock rule: sending may block, Resolve and Abandon run code of the caller's. A todo
// lives on the stack of whoever took the lock, and is applied once.
type todo struct {
	ends    []ending
	streams []*record // with items for their readers, or with their end
	abandon []ending
	publish []letterOut
	frames  []addressed
}

// ending is how a call ends. output is in the cluster's codec; raw says that it is bytes or a
// string, unchanged.
type ending struct {
	r      *record
	output []byte
	raw    bool
	err    error
}

// letterOut is a message to the server: a call for the stream, or a request to remove one.
type letterOut struct {
	subject, reply string
	data           []byte
}

// addressed is a frame for a node.
type addressed struct {
	node string
	frame
}

// do applies the effects. The lock is not held. Calls are sent first, since nodes wait for them;
// endings last, since they run code of others. Errors of a publish are no reason to give up: the
// beats send each call again that the server has not answered for.
func (p *Pool) do(t *todo) {
	for _, l := range t.publish {
		if err := p.nc.PublishMsg(&nats.Msg{Subject: l.subject, Reply: l.reply, Data: l.data}); err != nil {
			p.in.Logger().Warn("natspool: a call could not be sent, and will be again", "pool", p.cfg.Name, "error",
				err)
		}
	}
	for _, f := range t.frames {
		p.out.push(p.names.node(f.node), f.frame)
	}
	if len(t.frames) > 0 {
		p.out.flush()
	}
	for _, e := range t.abandon {
		e.r.node.Abandon(e.err)
	}
	p.finish(t.ends)
	for _, r := range t.streams {
		p.deliver(r)
	}
}

// sendLocked has r published, for the class of nodes that it is for; where there is none, it is
// parked. It is called for the first time and again after a node was lost, a refusal, or a message
// that was lost.
//
// Invariant: message.attempt counts the starts, and the send that may lead to the next one. A
// parked call has none on its way. So who sends again, or parks, without a start in between takes
// the attempt back first: else a call that a full stream refuses a few times would lose the
// attempts that Config grants it.
func (p *Pool) sendLocked(r *record, out *todo) {
	// A call that is to be sent again was perhaps cancelled meanwhile. One that was never granted
	// is the intake's to abandon.
	if cause := context.Cause(r.node.Context()); r.granted() && cause != nil {
		p.endLocked(r, out, ending{err: cause})
		return
	}
	class := p.routeLocked(r)
	if class == "" {
		r.moveLocked(parked)
		r.parkedAt, r.full = time.Now(), false
		return
	}
	r.moveLocked(sending)
	// The old place in the stream, if there was one, means nothing any more.
	r.class, r.sentAt, r.seq = class, time.Now(), 0
	r.message.attempt++
	out.publish = append(out.publish, letterOut{
		p.names.call(class, p.id, r.message.name), p.names.ack(p.id, r.id), r.message.append(nil),
	})
}

// routeLocked returns the class of nodes that r is to be sent to: any, as long as all nodes have
// its function, or none is known; else the one with the most slots of those that have it and have
// not refused r; "": there is none. Equal classes are decided by name, so that all pools choose
// alike.
func (p *Pool) routeLocked(r *record) string {
	slots, example := p.members.classesLocked()
	best, all := "", len(r.refused) == 0
	for class, m := range example {
		switch {
		case !m.functions[r.message.name] || slices.Contains(r.refused, class):
			all = false
		case best == "" || slots[class] > slots[best] || slots[class] == slots[best] && class < best:
			best = class
		}
	}
	if all {
		return anyClass
	}
	return best
}

// jsFull are the server's codes for a stream without room.
var jsFull = map[int]bool{10023: true, 10028: true, 10047: true, 10077: true}

// stored is the server's answer to a call that was sent: a jetstream.PubAck.
type stored struct {
	Seq   uint64
	Error *struct {
		Code        int    `json:"code"`
		ErrCode     int    `json:"err_code"`
		Description string `json:"description"`
	}
}

// parseStored reads the server's answer. Nearly all are of one shape, so the number is cut out of
// it without JSON. An answer comes for every call.
func parseStored(m *nats.Msg) (s stored, ok bool) {
	if i := bytes.Index(m.Data, []byte(`"seq":`)); i >= 0 && !bytes.Contains(m.Data, []byte(`"error"`)) {
		digits := m.Data[i+len(`"seq":`):]
		end := bytes.IndexAny(digits, ",} ")
		if end > 0 {
			s.Seq, _ = strconv.ParseUint(string(digits[:end]), 10, 64)
		}
		return s, s.Seq > 0
	}
	return s, json.Unmarshal(m.Data, &s) == nil && s.Error != nil
}

// acknowledged handles the server's answers to published calls. Without one the call is sent again
// by the next beats. It runs on the goroutine of the subscription. The id is in the subject, so an
// answer needs no table of requests.
func (p *Pool) acknowledged(m *nats.Msg) {
	s, ok := parseStored(m)
	if !ok {
		return // nobody keeps the stream at the moment
	}
	var out todo
	p.in.Lock()
	if r := p.records[lastToken(m.Subject)]; r != nil && r.state == sending {
		switch {
		case s.Error == nil:
			r.seq = s.Seq
			r.moveLocked(queued)
			p.refill = 0
		case jsFull[s.Error.ErrCode]:
			p.refusedLocked(r, &out)
		default:
			p.in.Logger().Warn("natspool: the server does not take a call, which will be sent again",
				"pool", p.cfg.Name, "function", r.message.name, "error", s.Error.Description)
		}
	}
	if p.settled != nil {
		p.settleLocked()
	}
	p.in.Commit()
	p.do(&out)
}

// refusedLocked: the stream is full, and r not in it. What follows is the Saturation of a full
// queue, as for an executor in this process: the stream is the cluster's queue.
func (p *Pool) refusedLocked(r *record, out *todo) {
	r.moveLocked(parked)
	r.message.attempt--
	r.full, r.parkedAt = true, time.Now()
	if r.granted() { // a lost node's: it has its place among the running, and waits for room
		p.hurryLocked()
		return
	}
	switch p.cfg.Saturation {
	case Reject:
		err := fmt.Errorf("%w: the stream of %q is full", quartet.ErrSaturated, p.cfg.Name)
		out.abandon = append(out.abandon, ending{r: r, err: err})
		return
	case DropOldest:
		if old := p.oldestLocked(); old != nil && old != r {
			out.abandon = append(out.abandon, ending{r: old, err: quartet.ErrDiscarded})
		}
	}
	p.hurryLocked()
}

// oldestLocked is the oldest call in the stream that may be abandoned. It looks at all: it is
// called only where the stream is full and DropOldest is set.
func (p *Pool) oldestLocked() *record {
	var oldest *record
	for _, r := range p.records {
		if r.state == queued && r.node.State().Pending() && (oldest == nil || r.id < oldest.id) {
			oldest = r
		}
	}
	return oldest
}

// The waits double from the first to the last.
const (
	firstRefill = 5 * time.Millisecond
	lastRefill  = 500 * time.Millisecond
	refillBatch = 256
)

// hurryLocked has the calls that the full stream refused sent again before the next beat: soon at
// first, then less and less often. A timer and no ticker: it runs only while calls are parked.
// aside counts it, so that leave waits for its end. refill falls to 0 with the first call that the
// stream takes again.
func (p *Pool) hurryLocked() {
	if p.hurrying || p.in.DrainedLocked() {
		return
	}
	p.hurrying = true
	p.refill = min(max(2*p.refill, firstRefill), lastRefill)
	p.aside.Add(1)
	p.hurry = time.AfterFunc(p.refill, p.sendFull)
}

// unhurry stops that. If Stop comes too late, sendFull is under way, and calls Done itself.
func (p *Pool) unhurry() {
	p.in.Lock()
	defer p.in.Commit()
	if p.hurrying && p.hurry.Stop() {
		p.hurrying = false
		p.aside.Done()
	}
}

// sendFull sends the oldest of the calls again that the full stream has refused. It removes
// abandoned calls from the stream. The oldest first, so that calls keep their order as well as a
// full stream allows, and few at a time.
func (p *Pool) sendFull() {
	defer p.aside.Done()
	var out todo
	p.in.Lock()
	p.hurrying = false
	p.dropAbandonedLocked(&out)
	var full []*record
	for _, r := range p.records {
		if r.state == parked && r.full {
			full = append(full, r)
		}
	}
	slices.SortFunc(full, func(a, b *record) int { return int(a.id) - int(b.id) })
	for _, r := range full[:min(len(full), refillBatch)] {
		p.sendLocked(r, &out)
	}
	p.in.Commit()
	p.do(&out)
}

// dropAbandonedLocked forgets calls that were abandoned, and has the server forget them. One that
// the server has not acknowledged yet waits for that. It walks over all records, at each beat.
func (p *Pool) dropAbandonedLocked(out *todo) {
	for id, r := range p.records {
		if !r.abandoned() || r.state == sending && time.Since(r.sentAt) < p.cfg.LostAfter {
			continue
		}
		delete(p.records, id)
		p.big.removeLater(p, r.message.object)
		p.unsendLocked(r, out)
	}
}

// unsendLocked has the server remove r's message, if it is known. Without it a node would fetch the
// message, ask, and be denied: it costs a round trip and no more.
func (p *Pool) unsendLocked(r *record, out *todo) {
	if r.seq > 0 {
		subject, data := p.names.remove(r.seq)
		out.publish = append(out.publish, letterOut{subject: subject, data: data})
	}
}
