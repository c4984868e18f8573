package task

import (
	"context"
	"sync/atomic"
	"time"
)

type (
	modelKey   struct{}
	nodeKey    struct{}
	currentKey struct{}
	labelKey   struct{}
)

// The keys under which a context is asked what it knows of the task around it.
var (
	ModelKey   any = modelKey{}   // the Model that acts on waits, absent in a detached context
	NodeKey    any = nodeKey{}    // the *Node of the nearest started task
	LabelKey   any = labelKey{}   // a string
	CurrentKey any = currentKey{} // what decides the current executor: a started *Node, or what quartet left
)

// Ctx is a Node seen as its task's context. A real cancellable context is made below it only when somebody asks for
// Done or cancels, since most tasks do neither and such a context costs more than the task.
type Ctx Node

// life is that real context. It is its own parent adapter: while the context is being made it shows the direct parent,
// whose end must arrive; later look-ups skip to the nearest foreign context.
type life struct {
	node    *Node
	settled atomic.Bool
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

func (l *life) Deadline() (time.Time, bool) { return l.node.parent.Deadline() }
func (l *life) Done() <-chan struct{}       { return l.node.parent.Done() }
func (l *life) Err() error                  { return l.node.parent.Err() }
func (l *life) Value(key any) any {
	if l.settled.Load() {
		return l.node.foreign.Value(key)
	}
	return l.node.parent.Value(key)
}

// lifetime returns the node's real context, made on first use.
func (n *Node) lifetime() *life {
	if l := n.life.Load(); l != nil {
		return l
	}
	l := &life{node: n}
	l.ctx, l.cancel = context.WithCancelCause(l)
	l.settled.Store(true)
	if !n.life.CompareAndSwap(nil, l) {
		l.cancel(nil)
		return n.life.Load()
	}
	if n.State() == Ended {
		l.cancel(nil)
	}
	return l
}

// ancestor walks to the nearest node, n included, that decides how the context stands: it has a real context, has
// ended, or has a foreign parent. Init bounds the walk.
func (n *Node) ancestor() *Node {
	for n.life.Load() == nil && n.State() != Ended {
		p, ok := n.parent.(*Ctx)
		if !ok {
			break
		}
		n = (*Node)(p)
	}
	return n
}

func (c *Ctx) Deadline() (time.Time, bool) { return c.foreign.Deadline() }

func (c *Ctx) Done() <-chan struct{} { return (*Node)(c).lifetime().ctx.Done() }

func (c *Ctx) Err() error {
	n := (*Node)(c).ancestor()
	switch l := n.life.Load(); {
	case l != nil:
		return l.ctx.Err()
	case n.State() == Ended:
		return context.Canceled
	default:
		return n.parent.Err()
	}
}

func (c *Ctx) Value(key any) any {
	n := (*Node)(c)
	switch key.(type) {
	case modelKey:
		switch n.State() {
		case Pending:
			return n.parent.Value(key)
		case Started:
			if n.Model != nil {
				return n.Model
			}
			return n.parent.Value(key)
		default:
			return nil // an ended task waits for nobody
		}
	case nodeKey, currentKey:
		if n.State() == Pending {
			return n.parent.Value(key)
		}
		return n
	}
	n = n.ancestor()
	if l := n.life.Load(); l != nil {
		return l.ctx.Value(key)
	}
	if n.State() == Ended {
		return n.lifetime().ctx.Value(key) // so that context.Cause finds an ended context
	}
	return n.parent.Value(key)
}

// LabelOf returns what quartet.Label said of ctx, or "".
func LabelOf(ctx context.Context) string {
	label, _ := ctx.Value(LabelKey).(string)
	return label
}

// Enclosing returns the nearest started node around ctx.
func Enclosing(ctx context.Context) *Node {
	n, _ := ctx.Value(NodeKey).(*Node)
	return n
}

// Within returns the nearest unfinished task of owner around ctx, or nil. A task that only other executors' tasks
// separate from ctx counts: it cannot end before they do.
func Within(ctx context.Context, owner Owner) *Node {
	for n := Enclosing(ctx); n != nil; n = Enclosing(n.parent) {
		if n.Owner == owner && n.State() == Started {
			return n
		}
	}
	return nil
}
