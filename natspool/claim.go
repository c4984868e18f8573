package natspool

import (
	"encoding/json"
	"time"

	"github.com/nats-io/nats.go"
)

// claim is how far a node is with taking a Detached call whose pool is gone, and so cannot allow
// it. The message is removed from the stream, which the server does for one node alone; an
// acknowledgement would not do, since the server accepts one from every node to which it has
// delivered the message. An Idempotent call needs no claim.
type claim uint8

// The second question may find the message gone by the first one's doing. So a refusal then says
// nothing about other nodes, and the call is given up: better not run than run twice.
const (
	unclaimed claim = iota
	claiming        // the server was asked
	doubtful        // and has not answered: it may have been removed by that
)

// claimLocked starts j, or asks the server to remove it first.
//
// A call that keeps is Idempotent: it may be started by two nodes, so it needs no claim. Its
// attempts are counted here, since the pool that would count them is gone.
func (n *Node) claimLocked(j *job) {
	meta, err := j.stored.Metadata()
	if err != nil {
		j.moveLocked(dropped)
		return
	}
	if j.keeps() {
		if j.message.attempt+meta.NumDelivered-1 > max(j.message.most, 1) {
			n.log().Error("natspool: a call was lost with too many nodes, and is dropped", "node", n.id, "function",
				j.message.name)
			n.ack(j)
			j.moveLocked(dropped)
			return
		}
		n.grantLocked(j, 0)
		return
	}
	if j.claim != unclaimed && time.Since(j.askedAt) < n.shared.Heartbeat {
		return
	}
	j.claim = min(j.claim+1, doubtful)
	j.askedAt = time.Now()
	subject, data := n.names.remove(meta.Sequence.Stream)
	_ = n.nc.PublishRequest(subject, n.names.claim(n.id, j.key), data)
}

// claimed handles the server's answer. A claim that the server never got has no answer: claimLocked
// asks again after a Heartbeat. The subject has the key of the job, so a late answer finds its job
// or none.
func (n *Node) claimed(m *nats.Msg) {
	var answer struct{ Success bool }
	err := json.Unmarshal(m.Data, &answer)
	if err != nil || len(m.Data) == 0 {
		return // it is asked again
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	j := n.jobs[claimedKey(m.Subject)]
	switch {
	case j == nil || j.stage != asking || j.claim == unclaimed:
	case answer.Success:
		n.grantLocked(j, 0)
	default: // another node has it; or it was removed by a question whose answer was lost, and then nobody may start it
		j.moveLocked(dropped)
	}
}
