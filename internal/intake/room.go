package intake

import (
	"context"
	"errors"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

var errNoRoom = errors.New("intake: no room")

// blockedNode is a node whose submitter waits for room. Whoever makes room accepts the node and then wakes the
// submitter, so that nobody can overtake it and no wake-up can be lost.
type blockedNode struct {
	node    *task.Node
	ready   chan struct{} // for a submitter that blocks its goroutine
	resume  func()        // for one that its model suspends
	decided bool
	err     error // decided, and refused
}

// smallQueue is below what size a queue's room is given away one by one.
const smallQueue = 64

// patience is how long blocked submitters wait for a larger queue to drain to half. What has not drained by then consists
// of slow tasks, beside which a wake-up of a submitter for each costs nothing.
const patience = time.Millisecond

// keepUnblocked is how many entries are kept for reuse.
const keepUnblocked = 64

// blockedList is a FIFO of blocked submitters.
type blockedList struct{ nodes []*blockedNode }

func (l *blockedList) Len() int { return len(l.nodes) }

func (l *blockedList) push(b *blockedNode) { l.nodes = append(l.nodes, b) }

// pop keeps the slice's memory: a submitter that blocks often costs no allocation.
func (l *blockedList) pop() *blockedNode {
	b := l.nodes[0]
	l.nodes = append(l.nodes[:0], l.nodes[1:]...)
	return b
}

func (l *blockedList) remove(b *blockedNode) {
	for i, x := range l.nodes {
		if x == b {
			l.nodes = append(l.nodes[:i], l.nodes[i+1:]...)
			return
		}
	}
}

const (
	outside = 0
	inside  = 1
)

func side(within *task.Node) int {
	if within != nil {
		return inside
	}
	return outside
}

// waitForRoom waits as the submitter's own model waits: one inside a task lends what its model lends.
func (in *Intake) waitForRoom(n, within *task.Node) error {
	parent := n.Parent()
	b := in.newBlocked(n)
	var err error
	if parent.Value(task.ModelKey) != nil {
		err = quartet.Suspend(parent, func(resume func()) {
			b.resume = resume
			in.block(b, within)
		})
	} else {
		in.block(b, within)
		select {
		case <-b.ready:
		case <-parent.Done():
			err = context.Cause(parent)
		}
	}
	in.Lock()
	if !b.decided { // ctx ended first
		in.blocked[side(within)].remove(b)
		in.stats.Rejected++
		b.err = err
	}
	err = b.err
	queued := err == nil && n.In != nil
	in.reuse(b)
	in.Unlock()
	if queued {
		in.watch(n, parent)
	}
	return err
}

// newBlocked returns a reused entry for n's submitter.
func (in *Intake) newBlocked(n *task.Node) *blockedNode {
	in.Lock()
	defer in.Unlock()
	last := len(in.unblocked) - 1
	if last < 0 {
		return &blockedNode{node: n, ready: make(chan struct{}, 1)}
	}
	b := in.unblocked[last]
	in.unblocked = in.unblocked[:last]
	b.node = n
	return b
}

// reuse is locked.
func (in *Intake) reuse(b *blockedNode) {
	select {
	case <-b.ready:
	default:
	}
	*b = blockedNode{ready: b.ready}
	if len(in.unblocked) < keepUnblocked {
		in.unblocked = append(in.unblocked, b)
	}
}

// block makes b's submitter one that waits, unless room has come.
func (in *Intake) block(b *blockedNode, within *task.Node) {
	in.Lock()
	defer in.Unlock()
	if err := in.admit(b.node, within, Wait); err != errNoRoom {
		in.decide(b, err)
		return
	}
	in.blocked[side(within)].push(b)
	in.beginPatience()
}

// beginPatience is locked: somebody is blocked.
func (in *Intake) beginPatience() {
	if in.patient || in.cfg.Timeless || in.cfg.Queue < smallQueue {
		return
	}
	in.patient = true
	in.Hold()
	if in.patience == nil {
		in.patience = time.AfterFunc(patience, in.endPatience)
	} else {
		in.patience.Reset(patience)
	}
}

// endPatience has the next place that comes free given away, if somebody is blocked still.
func (in *Intake) endPatience() {
	in.Lock()
	defer in.Unlock()
	in.patient = false
	in.hurried = in.anyBlocked()
	in.roomy = true
	in.Release(1)
}

// anyBlocked is locked.
func (in *Intake) anyBlocked() bool { return in.blocked[inside].Len()+in.blocked[outside].Len() > 0 }

// grant is locked: it lets in the submitters for whom there is room now, those inside first, since what they belong to
// ends only after them. A large queue drains to half first, if it does so soon: else each task of a submitter that is
// faster than the executor would cost a wake-up of it.
func (in *Intake) grant() {
	if in.cfg.Queue > 0 && in.backlog() > in.lowMark() {
		return
	}
	for _, s := range []int{inside, outside} {
		l := &in.blocked[s]
		for l.Len() > 0 && in.room(s == inside) {
			in.hurried = false
			in.letIn(l.pop())
		}
	}
	if in.anyBlocked() && !in.hurried {
		in.beginPatience()
	}
}

// letIn is locked: there is room for b's node.
func (in *Intake) letIn(b *blockedNode) {
	if parent := b.node.Parent(); parent.Err() != nil {
		in.stats.Rejected++
		in.decide(b, context.Cause(parent))
		return
	}
	in.accept(b.node)
	in.decide(b, nil)
}

// lowMark is down to what backlog a full queue drains before blocked submitters are let in.
func (in *Intake) lowMark() int {
	if in.cfg.Queue < smallQueue || in.hurried {
		return in.cfg.Queue + in.cfg.Free()
	}
	return in.cfg.Queue / 2
}

// MakeRoom is locked: the executor has become larger.
func (in *Intake) MakeRoom() { in.roomy, in.fresh = true, true }

// refuse is locked: it sends the blocked submitters of one side away.
func (in *Intake) refuse(s int) {
	l := &in.blocked[s]
	for _, b := range l.nodes {
		in.stats.Rejected++
		in.decide(b, quartet.ErrClosed)
	}
	l.nodes = nil
}

// decide is locked: it tells a blocked submitter what became of its node.
func (in *Intake) decide(b *blockedNode, err error) {
	b.decided, b.err = true, err
	if b.resume != nil {
		in.After(b.resume)
	} else {
		b.ready <- struct{}{}
	}
}
