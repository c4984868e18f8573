package task

import (
	"context"
	"log/slog"
	"sync"
)

// Owner is what an executor does for the nodes that it has accepted. All methods are called without
// the owner's lock.
type Owner interface {
	// Drop forgets an accepted node that will never start, and calls its Abandon.
	Drop(n *Node, cause error)
	// Panicked takes a panic that user code raised around the node. observed: somebody else gets
	// the error too, so that an owner without a hook may let it pass.
	Panicked(err error, observed bool)
	// Unseen returns where to log the panic of a future that nobody asks for; nil: a hook has seen
	// it.
	Unseen() *slog.Logger
}

// Canceller is a host whose tasks run elsewhere, so that it must be told of the cancellation of a
// started one.
type Canceller interface {
	Cancelled(n *Node)
}

// Waitable is a Host on one goroutine of which nobody may wait plainly for its tasks, as they run
// there.
type Waitable interface {
	// MayWait returns why the calling goroutine must not wait. It may cost microseconds.
	MayWait() error
}

// Surrounder is an Owner whose Config has an Around. Both methods are called on the task's
// goroutine.
type Surrounder interface {
	// RunAround runs n's job. Where no future takes an error, it does so within Around.
	RunAround(n *Node)
	// Surround calls run within Around, and returns what Around returns.
	Surround(ctx context.Context, n *Node, run func(context.Context) error) error
}

// Home is an executor as its nodes know it. Open it before the first node. A node has one pointer
// to it, where it would otherwise need one for each field. Everything but parkers is set before the
// first node, and only read from then on.
type Home struct {
	owner   Owner
	host    any
	model   func(n *Node) any
	around  bool      // owner is a Surrounder, and asks to be
	ended   Node      // what the contexts of ended nodes know of the executor
	parkers sync.Pool // of *parker
}

// Open sets the owner, the executor itself, and how a started node becomes a quartet.Model. A nil
// model: nodes wait as the task around them does. h.ended is prepared here, as the contexts of all
// ended nodes will point at it.
func (h *Home) Open(owner Owner, host any, model func(n *Node) any) {
	h.owner, h.host, h.model = owner, host, model
	h.ended.home.Store(h)
	h.ended.state.Store(uint32(Ended))
}

// Surround has the owner, a Surrounder, called around each job.
func (h *Home) Surround() { h.around = true }

// homeless is the home of nodes that no executor of this module has accepted.
var homeless Home

func init() { homeless.Open(nil, nil, nil) }

// Settle makes h the node's home: from the next state on, h's owner answers for the node. A node
// changes its home once: from none to the executor that accepts it. A refused one may settle again,
// at the next executor that is asked.
func (n *Node) Settle(h *Home) { n.home.Store(h) }

// where returns the node's home. So no caller looks for nil, and an unaccepted node has an owner of
// nil.
func (n *Node) where() *Home {
	if h := n.home.Load(); h != nil {
		return h
	}
	return &homeless
}

// Owner returns who has accepted the node, or nil.
func (n *Node) Owner() Owner { return n.where().owner }

// Host returns the executor that has accepted the node, or nil.
func (n *Node) Host() any { return n.where().host }

// Surrounded reports whether the node's owner is a Surrounder that asks to be.
func (n *Node) Surrounded() bool { return n.where().around }

// Model returns the quartet.Model of a started node, or nil. The pointer conversion of most
// executors costs no allocation: their Model is the node under another type.
func (n *Node) Model() any {
	if h := n.where(); h.model != nil {
		return h.model(n)
	}
	return nil
}
