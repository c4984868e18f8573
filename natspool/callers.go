package natspool

import (
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet/internal/farerror"
)

// caller is a pool as a node sees it. It exists from the first call or beat of a pool until
// callerMemory after its last sign.
type caller struct {
	heardAt time.Time
	// The pool's beat since which this node has dropped no result that the pool has not confirmed.
	// 0: it is the next one. A call that was granted since, and is not here, has never started.
	since    uint64
	idle     bool // it has said that it has no calls: its silence means nothing
	lost     bool
	detached bool
}

// heard: the pool is there.
func (c *caller) heard(now time.Time) { c.heardAt, c.idle, c.lost = now, false, false }

// callerLocked returns the record of a pool. A pool that was never heard counts as present.
func (n *Node) callerLocked(id string) *caller {
	c := n.callers[id]
	if c == nil {
		c = &caller{heardAt: time.Now()}
		n.callers[id] = c
	}
	return c
}

// callerOfLocked returns the record of j's pool. A call says by itself that its pool is Detached,
// since a Detached pool may be gone before this node hears a beat of it. Its calls must stay in the
// stream then, and loseLocked would purge them.
func (n *Node) callerOfLocked(j *job) *caller {
	c := n.callerLocked(j.caller)
	c.detached = j.detached()
	return c
}

// hear handles the beat of a pool. It answers with a list of the pool's calls that this node holds,
// if there are any or the pool believes so.
//
// The answer is what the pool compares with its own list (holdingLocked), so that each side finds
// out what the other has lost: a grant, a result, a whole message.
func (n *Node) hear(m *nats.Msg) {
	b, err := parseBeat(m.Data)
	if err != nil {
		return
	}
	f := frame{kind: frameHolding, n: b.n}
	asked := false
	for _, id := range b.nodes {
		asked = asked || id == n.id
	}
	n.mu.Lock()
	c := n.callerLocked(b.caller)
	if c.since == 0 {
		c.since = b.n
	}
	*c = caller{time.Now(), c.since, b.idle, b.gone, b.detached}
	f.m = c.since
	var gone []*job
	for _, j := range n.jobs {
		if j.caller != b.caller {
			continue
		}
		// A pool that is gone has ended in order, and fetches no result. An idle one confirms it
		// when it is said again. Its beat tells nothing: it may be older than this call, as the
		// handlers of beats and of grants run beside each other.
		if b.gone && j.stage == over {
			j.moveLocked(dropped)
			continue
		}
		f.held = append(f.held, holding{j.id, j.stage != asking})
		if b.gone {
			gone = append(gone, j)
		}
	}
	for _, j := range gone {
		n.orphanLocked(j)
	}
	n.mu.Unlock()
	if (asked || len(f.held) > 0) && !b.gone {
		n.out.send(n.names.caller(b.caller), f)
	}
	for _, j := range gone {
		if !j.detached() {
			j.cancel(ErrCallerLost)
		}
	}
	if len(gone) > 0 {
		n.pull()
	}
}

func (j *job) detached() bool { return j.message.flags&flagDetached != 0 }

// orphanLocked: j's pool is gone, or believed to be. A call that nobody can allow any more leaves
// the stream, or is claimed if it is a Detached pool's. What runs is cancelled by the caller of
// this, without the lock.
//
// A result stays: a pool that was only out of reach asks for it when it is back. Without it the
// pool would take the call for one that has never started, and send it again. A node that drains
// does not wait for that, though other calls may keep it here for long. Its list is not whole any
// more then, so a pool that comes back takes the call for lost.
func (n *Node) orphanLocked(j *job) {
	switch {
	case j.stage == over && n.phase != serving:
		j.moveLocked(dropped)
		n.callerOfLocked(j).since = 0
	case j.stage == asking && !j.detached():
		n.ack(j)
		j.moveLocked(dropped)
	case j.stage == asking && n.phase != serving && j.claim == unclaimed: // for another node to claim
		n.later(j.stored, 0)
		j.moveLocked(dropped)
	case j.stage == asking && time.Since(j.askedAt) >= n.shared.Heartbeat:
		n.claimLocked(j)
	}
}

// receive handles a message from a pool. Any message of a pool is a sign of life, not only its
// beats.
func (n *Node) receive(m *nats.Msg) {
	from, all, err := frames(m.Data)
	if err != nil {
		n.log().Warn("natspool: a pool's message is not understood", "node", n.id, "error", err)
		return
	}
	n.mu.Lock()
	if c := n.callers[from]; c != nil {
		c.heardAt = time.Now()
	}
	n.mu.Unlock()
	for _, f := range all {
		n.told(key{from, f.id}, f)
	}
	// The slots have enough to run for now, so acks and questions may wait for company.
	if n.plenty() {
		n.nudge()
		return
	}
	n.sendAcks()
	n.out.flush()
	n.pull()
}

// told applies one frame. Each case asks for the stage first: the frame may be old.
func (n *Node) told(k key, f frame) {
	n.mu.Lock()
	j := n.jobs[k]
	switch {
	case j == nil:
		if f.kind == frameGrant { // given back meanwhile
			n.out.push(n.names.caller(k.caller), frame{kind: frameBack, id: k.id})
		}
	case f.kind == frameGrant && j.stage == asking && n.phase != serving && !n.takesLocked():
		n.returnLocked(j) // it has begun to drain since it asked
	case f.kind == frameGrant && j.stage == asking:
		n.grantLocked(j, time.Duration(f.n)*time.Microsecond)
	case f.kind == frameDeny && j.stage == asking:
		n.ack(j)
		j.moveLocked(dropped)
	case f.kind == frameConfirm:
		if j.stage == over {
			j.moveLocked(dropped)
		}
	// Deferred, and so called after the unlock: it resumes a function.
	case f.kind == frameTaken:
		defer j.takenLocked(f)()
	// A result that is on its way stays until it is confirmed: without it the pool would take the
	// call for one that has never started.
	case f.kind == frameCancel:
		defer j.cancel(farerror.Decode(f.body, nil))
	}
	n.mu.Unlock()
}

// loseLocked: pools that have not been heard since are gone. It returns the jobs that are to be
// cancelled, and the pools whose calls are to leave the stream. An idle pool is silent for good
// reason, and not lost. With a pool that is forgotten its results go.
func (n *Node) loseLocked(since, forgotten time.Time) (cancel []*job, purge []string) {
	gone := map[string]bool{}
	for id, c := range n.callers {
		switch {
		case c.heardAt.Before(forgotten):
			delete(n.callers, id)
			gone[id] = true
		case c.heardAt.Before(since) && !c.lost && !c.idle:
			c.lost = true
			if !c.detached {
				purge = append(purge, id)
			}
		}
	}
	for _, j := range n.jobs {
		if gone[j.caller] && j.stage == over {
			j.moveLocked(dropped)
			continue
		}
		if c := n.callerOfLocked(j); c.lost {
			n.orphanLocked(j)
			if j.stage < over && !j.detached() {
				cancel = append(cancel, j)
			}
		}
	}
	return cancel, purge
}
