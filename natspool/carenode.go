package natspool

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
)

// care beats, and looks after calls whose pools do not answer. It is one of the node's three
// goroutines, besides post and startAll.
func (n *Node) care(quit chan struct{}) {
	defer n.exited.Done()
	tick := time.NewTicker(n.shared.Heartbeat)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-quit:
			return
		case s := <-n.status:
			if s == nats.CONNECTED {
				n.reconnected()
			}
		case <-tick.C:
			now := time.Now()
			if now.Sub(last) > 2*n.shared.Heartbeat { // the process was stopped, or starved
				n.hearAll(now)
			}
			last = now
			n.sayBeat(false)
			n.look(now)
		}
	}
}

// reconnected: the server may have lost the requests, and pools were not heard for a reason on this
// side. So the first beat after a reconnection asks and tells everything anew, and waits for no
// timer.
func (n *Node) reconnected() {
	now := time.Now()
	n.hearAll(now)
	n.mu.Lock()
	n.pulls.expireLocked(now, true)
	n.mu.Unlock()
	n.sayBeat(false)
	n.look(now)
}

// hearAll gives all pools time to be heard again. A pool that has been called lost stays so: its
// calls have been cancelled.
func (n *Node) hearAll(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.callers {
		if !c.lost {
			c.heardAt = now
		}
	}
}

// callerMemory is how many times LostAfter a pool that is gone is remembered, with the results that
// it has not confirmed. It bounds what pools that died leave in memory. A pool that comes back
// later than that takes those calls for lost, by the list that is not whole.
const callerMemory = 10

// look is what every beat does.
//
// The order: the pulls first, since a node that counts on requests that the server has forgotten
// asks for nothing. Then pools that are silent, then what may not have arrived. A pool that is lost
// leaves nothing in the stream, so that no node has to fetch its calls and give them up one by one;
// several nodes may purge, which does no harm.
func (n *Node) look(now time.Time) {
	n.mu.Lock()
	stuck := n.pulls.hold
	n.pulls.expireLocked(now, false)
	if now.Sub(n.pulls.askedAt) > n.shared.LostAfter {
		n.pulls.barren = false // a pool may have sent something there that saw another program's node go
	}
	since := now.Add(-n.shared.LostAfter)
	// The silence is ours: pools get twice the time, as nothing of theirs can arrive.
	if !n.nc.IsConnected() {
		since = now.Add(-2 * n.shared.LostAfter)
	}
	cancel, purge := n.loseLocked(since, now.Add(-callerMemory*n.shared.LostAfter))
	n.remindLocked(now)
	n.mu.Unlock()
	for _, j := range cancel {
		j.cancel(ErrCallerLost)
	}
	for _, id := range purge {
		n.log().Warn("natspool: a pool is gone", "node", n.id, "pool", n.shared.Name, "caller", id, "calls",
			len(cancel))
		_ = n.nc.Publish("$JS.API.STREAM.PURGE."+n.names.stream, []byte(`{"filter":"`+n.names.callsOf(id)+`"}`))
	}
	n.out.flush()
	// The server has said something unusual about a request since the last beat: the queue may be
	// gone.
	if stuck && n.nc.IsConnected() {
		n.repair()
	}
	n.pull()
}

// remindLocked repeats messages that may have been lost, and keeps the stream from handing this
// node's calls to others. A question is repeated after half a beat; after two beats its pool does
// not answer, and the call goes back to the stream. "+WPI" (work in progress) keeps the server from
// delivering a call elsewhere after AckWait. Results are said again after two beats, since a
// confirmation waits for company at the pool.
func (n *Node) remindLocked(now time.Time) {
	for _, j := range n.jobs {
		old := now.Sub(j.askedAt)
		switch {
		case j.stage == asking && old > 2*n.shared.Heartbeat && !j.detached():
			n.later(j.stored, n.shared.Heartbeat) // others' calls need not wait for this pool
			j.moveLocked(dropped)
			continue
		case j.stage == asking && old > n.shared.Heartbeat/2:
			n.out.push(n.names.caller(j.caller), frame{kind: frameAsk, id: j.id})
		case j.stage > asking && now.Sub(j.saidAt) > 2*n.shared.Heartbeat:
			j.saidAt = now
			j.sayItemsLocked()
			if j.stage == over {
				n.out.push(n.names.caller(j.caller), j.result)
			}
		}
		if j.stage == asking || j.stage < over && j.keeps() {
			_ = n.nc.Publish(j.stored.Reply, progress)
		}
	}
}

// repair creates the stream and the consumers anew, if they are gone.
func (n *Node) repair() {
	ctx, cancel := context.WithTimeout(context.Background(), n.shared.Heartbeat+time.Second)
	defer cancel()
	err := n.own.setUp(ctx)
	if err == nil {
		err = ensureConsumer(ctx, n.own.js, &n.shared, n.names, n.class)
	}
	if err != nil {
		n.log().Warn("natspool: the stream does not answer", "node", n.id, "error", err)
	}
}
