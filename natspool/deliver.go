package natspool

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/propagate"
)

// The words of JetStream's acknowledgement protocol: done, and "work in progress", which restarts
// AckWait.
var (
	ack      = []byte("+ACK")
	progress = []byte("+WPI")
)

// ack tells the stream that it need not keep the call. No answer is asked for: an ack that is lost
// leads to a second delivery, which the pool denies.
func (n *Node) ack(j *job) { _ = n.nc.Publish(j.stored.Reply, ack) }

// sendAcks tells the stream that it need not keep the calls which have been granted since it was
// last told. They wait for each other, as they are the least urgent of a node's messages.
func (n *Node) sendAcks() {
	n.mu.Lock()
	acks := n.acks
	n.acks = nil
	n.mu.Unlock()
	for _, reply := range acks {
		_ = n.nc.Publish(reply, ack)
	}
}

// later tells the stream to give the call to somebody after a while; 0: at once.
func (n *Node) later(m *nats.Msg, after time.Duration) {
	word := []byte("-NAK")
	if after > 0 {
		detail, _ := json.Marshal(map[string]int64{"delay": after.Nanoseconds()})
		word = append(append(word, ' '), detail...)
	}
	_ = n.nc.Publish(m.Reply, word)
}

// deliver handles a call from the stream: it asks the call's pool whether the call may start here.
// The message itself does not decide anything: it may be a second copy, or its call may be over by
// now. The job counts as active from here on, so that no slot is asked for twice; its stage says
// that it has none yet.
func (n *Node) deliver(class string, m *nats.Msg) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pulls.broughtLocked(class)
	message, err := parseCall(m.Data)
	if err != nil {
		n.log().Error("natspool: a call in the stream is not understood, and is dropped", "node", n.id, "error", err)
		_ = n.nc.Publish(m.Reply, []byte("+TERM"))
		return
	}
	j := &job{
		key: key{message.caller, message.id}, node: n, message: message, input: message.input, stored: m,
		askedAt: time.Now(),
	}
	if message.flags&flagStream != 0 {
		j.flow = &outflow{}
	}
	old := n.jobs[j.key]
	c := n.callerOfLocked(j)
	switch {
	case old != nil: // delivered once more: the server has not got our acknowledgement
		n.againLocked(old, m)
	// The node has begun to drain since it asked: back to the stream at once, for another node.
	case !n.takesLocked() && n.phase != serving:
		n.later(m, 0)
	case !n.runs[message.name]:
		n.foreignLocked(j)
	case c.lost && !j.detached(): // a pool that lives finds it missing, and sends it again
		n.ack(j)
	default:
		// A pool that has made a call is idle no more, though its beat has not arrived yet.
		if c.idle {
			c.heard(time.Now())
		}
		// The pool's contexts stay on its side; their end comes as frameCancel.
		j.ctx, j.cancel = context.WithCancelCause(context.Background())
		n.jobs[j.key] = j
		n.active++
		n.out.push(n.names.caller(j.caller), frame{kind: frameAsk, id: j.id})
	}
}

// againLocked: the stream has delivered a call that is here already. The newest delivery is the one
// that an acknowledgement has to name. A call that has been granted leaves the stream, unless it
// keeps.
func (n *Node) againLocked(j *job, m *nats.Msg) {
	j.stored = m
	if j.stage != asking && !(j.keeps() && j.stage < over) {
		n.ack(j)
	}
}

// foreignLocked: this node does not have the function. Its pool sends it to nodes that do; where
// the pool is gone, it waits for them. The ack comes before the refusal is heard: the pool has the
// call, and sends it again.
func (n *Node) foreignLocked(j *job) {
	if j.detached() && n.callerOfLocked(j).lost {
		n.later(j.stored, n.shared.LostAfter)
		return
	}
	n.ack(j)
	n.out.push(n.names.caller(j.caller), frame{kind: frameRefuse, id: j.id})
}

// giveBackLocked: the node drains, and gives back the calls that have not started. One that was
// granted has to be told, since the pool counts it as started here.
//
// A call that is asking stays until its pool has answered: the grant may be on its way, and the
// pool would take a call of a node that has left for lost. told gives it back then.
func (n *Node) giveBackLocked() {
	for _, j := range n.jobs {
		if j.stage == starting {
			n.returnLocked(j)
		}
	}
}

// returnLocked gives a granted call back that has not started. One that keeps is still in the
// stream; any other is sent again by its pool.
func (n *Node) returnLocked(j *job) {
	if j.keeps() {
		n.later(j.stored, 0)
	} else {
		n.ack(j)
	}
	j.moveLocked(dropped)
	n.out.push(n.names.caller(j.caller), frame{kind: frameBack, id: j.id})
}

// grantLocked: j may start.
//
// From here on the pool counts the call as held by this node, and answers for it, so the stream
// need not keep it. The ack may go out later, with others.
func (n *Node) grantLocked(j *job, left time.Duration) {
	j.moveLocked(starting)
	j.begunAt = time.Now()
	if !j.keeps() {
		n.acks = append(n.acks, j.stored.Reply)
	}
	ctx := j.ctx
	if left > 0 {
		at := j.begunAt.Add(left)
		// The function sees the deadline, counted on this machine's clock from the time that was
		// left. It is the pool that cancels at that time, so that the cause is the pool's own.
		ctx = deadlineCtx{ctx, at}
		// The pool cancels with its own cause at the deadline. This is for one that cannot say so.
		timer := time.AfterFunc(left+2*n.shared.Heartbeat, func() { j.cancel(context.DeadlineExceeded) })
		context.AfterFunc(j.ctx, func() { timer.Stop() })
	}
	if j.message.label != "" {
		ctx = quartet.Label(ctx, j.message.label)
	}
	n.starts.push(start{j, ctx})
}

// deadlineCtx shows a deadline that the pool keeps. It has no Done of its own: the parent's is the
// only one that ends it.
type deadlineCtx struct {
	context.Context
	at time.Time
}

func (c deadlineCtx) Deadline() (time.Time, bool) { return c.at, true }

// startAll hands granted calls to the executor, in order. That may make it wait, as for a process
// to start. It is a goroutine of its own, since SubmitCall may wait for a process to start, and the
// subscriptions' goroutines must go on hearing. It ends when starts has been stopped and is empty.
func (n *Node) startAll() {
	defer n.exited.Done()
	for s, ok := n.starts.next(); ok; s, ok = n.starts.next() {
		n.start(s)
	}
}

// occupy: j gets the slot that has been taken for it. It reports false when j is gone meanwhile.
// starter has counted the slot for it already. The stage may have moved to dropped or over while
// the call was in the queue: a cancellation, a drain.
func occupy(j *job) bool {
	n := j.node
	n.mu.Lock()
	defer n.mu.Unlock()
	if j.moveLocked(running) {
		return true
	}
	n.starts.give()
	return false
}

// propagated puts the values that have travelled into ctx. They are applied by functions of the
// user's, hence the recover.
func (j *job) propagated(ctx context.Context) (with context.Context, err error) {
	if len(j.message.values) == 0 {
		return ctx, nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = quartet.NewPanicError(v)
		}
	}()
	return propagate.Apply(ctx, j.message.values)
}

// start hands one call over. An executor that takes no calls is being stopped, or is shared with
// others and full: the call goes back, and the node asks for no more until the next beat. ranAt is
// set again by Run, where the executor runs the call here; elsewhere the hand-over is the best that
// is known.
func (n *Node) start(s start) {
	j := s.job
	j.ranAt = time.Now()
	if !occupy(j) {
		return
	}
	if j.message.object != "" {
		input, err := n.own.big.get(j.ctx, j.message.object)
		if err != nil {
			j.end(nil, false, err)
			return
		}
		j.input = input
	}
	ctx, err := j.propagated(s.ctx)
	if err != nil {
		j.end(nil, false, err)
		return
	}
	call := quartet.Call(j)
	if j.flow != nil {
		call = streamJob{j}
	}
	switch err := n.ex.SubmitCall(ctx, call); {
	case err == nil:
	case j.ctx.Err() != nil:
		j.end(nil, false, err)
	case errors.Is(err, quartet.ErrClosed), errors.Is(err, quartet.ErrSaturated):
		n.log().Warn("natspool: the node's executor takes no calls", "node", n.id, "error", err)
		n.mu.Lock()
		n.pulls.hold = true // until the next beat
		n.mu.Unlock()
		j.giveBack()
	default:
		j.end(nil, false, err)
	}
}
