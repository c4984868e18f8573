package task

import (
	"context"
	"sync/atomic"
	"time"
)

type (
	modelKey   struct{}
	aroundKey  struct{}
	currentKey struct{}
	labelKey   struct{}
)

// The keys under which a context is asked what it knows of the task around it.
var (
	ModelKey   any = modelKey{}   // the Model that acts on waits, absent in a detached context
	LabelKey   any = labelKey{}   // a string
	CurrentKey any = currentKey{} // what decides the current executor: the *Ctx of a started node, or what quartet left
)

// depthStep bounds a walk up a chain of nested task contexts: every depthStep-th level has a
// context of its own. So an Err or Value on a chain of any depth looks at 32 contexts at most, and
// one in 32 tasks of a deep recursion pays for a real context.
const depthStep = 32

// Ctx is the context of a node. A real cancellable context is made below it only when somebody asks
// for Done or cancels, since most tasks do neither and such a context costs more than the task.
//
// It may outlive its task, so it holds no more than the values around it: an ended one knows only
// its executor.
//
// foreign lets Value and Deadline skip all task contexts between; up is kept as well, since the
// task right around decides about the model and about cancellation. Both may be asked for by any
// goroutine at any time, so what changes is atomic.
type Ctx struct {
	// Set by init, and never changed.
	foreign context.Context      // the nearest context around that is no task's
	up      atomic.Pointer[Ctx]  // the task's context right around this one; nil: foreign is
	node    atomic.Pointer[Node] // Home.ended once the task is over
	life    atomic.Pointer[life]
	// Both are set by init, and never changed.
	cut   bool // up's end does not reach this one: it only says which task is around
	depth uint8
}

// A parent that is a task's context costs no allocation; every depthStep-th gets a real context at
// once, which bounds decisive. A context of the user's between two tasks makes the outer one
// foreign: only a direct child, or a WithoutCancel of one, gets up.
func (c *Ctx) init(n *Node, parent context.Context) {
	c.node.Store(n)
	if p, ok := parent.(*Ctx); ok {
		c.foreign, c.depth = p.foreign, p.depth+1
		c.up.Store(p)
		if c.depth == depthStep {
			c.depth = 0
			c.lifetime()
		}
		return
	}
	c.foreign = parent
	if p := belowWithoutCancel(parent); p != nil {
		c.foreign, c.cut = uncancelled(p.foreign), true
		p.around()
		c.up.Store(p)
	}
}

// parent is the context whose end is c's.
func (c *Ctx) parent() context.Context {
	if p := c.up.Load(); p != nil && !c.cut {
		return p
	}
	return c.foreign
}

// around returns the task's context around c that has not ended, as far as up knows. An ended
// context is skipped for good if its end has no cause of its own, so that a chain of tasks of which
// each submits the next keeps none of them. It is called at the end of a node and whenever somebody
// asks beyond c, so a chain that nobody asks is shortened too. Two callers may skip the same
// context; the second CAS does nothing.
func (c *Ctx) around() *Ctx {
	for {
		p := c.up.Load()
		if p == nil || !p.over() || !c.cut && !c.over() {
			return p
		}
		c.up.CompareAndSwap(p, p.up.Load()) // where that is nil, what is around p is in foreign too
	}
}

func (c *Ctx) over() bool { return c.node.Load().State().Over() }

// end is the end of c's node; tomb stands for that from now on. The tomb first: whoever sees the
// context cancelled, and asks it, finds the state Ended.
func (c *Ctx) end(tomb *Node, cause error) {
	c.node.Store(tomb)
	c.cancel(cause)
	c.around()
}

// cancel ends the real context, if there is one.
func (c *Ctx) cancel(cause error) {
	if l := c.life.Load(); l != nil {
		l.cancel(cause)
	}
}

// decisive walks to the nearest context, c included, that decides how c stands: it has a real
// context, is over, or has a foreign parent. The step of depth bounds the walk. It allocates
// nothing and takes no lock.
func (c *Ctx) decisive() *Ctx {
	for c.life.Load() == nil && !c.over() && !c.cut {
		p := c.up.Load()
		if p == nil {
			break
		}
		c = p
	}
	return c
}

// Deadline returns that of the context around. A task's own context adds none, so all contexts of a
// chain have the one of the nearest foreign context.
func (c *Ctx) Deadline() (time.Time, bool) { return c.foreign.Deadline() }

// Done makes the real context. Only a caller that selects on it pays for one.
func (c *Ctx) Done() <-chan struct{} { return c.lifetime().ctx.Done() }

// It must agree with Done without making one: an ended task is Canceled, and one that runs has the
// error of whatever decides.
func (c *Ctx) Err() error {
	c = c.decisive()
	switch l := c.life.Load(); {
	case l != nil:
		return l.ctx.Err()
	case c.over():
		return context.Canceled
	default:
		return c.foreign.Err()
	}
}

// Three keys are answered here, by the node's state: before its start a task is not yet the one
// around, so the question goes on. All other keys are the user's. aroundKey and currentKey give the
// context itself and not the node, as the answer must stay valid after the task has ended.
func (c *Ctx) Value(key any) any {
	switch key.(type) {
	case modelKey:
		return c.model()
	case aroundKey, currentKey:
		if c.node.Load().State().Pending() {
			return c.beyond(key)
		}
		return c
	}
	d := c.decisive()
	if l := d.life.Load(); l != nil {
		return l.ctx.Value(key)
	}
	if d.over() {
		return d.lifetime().ctx.Value(key) // so that context.Cause finds an ended context
	}
	return d.foreign.Value(key)
}

// beyond asks the context around c.
func (c *Ctx) beyond(key any) any {
	if p := c.around(); p != nil {
		return p.Value(key)
	}
	return c.foreign.Value(key)
}

func (c *Ctx) model() any {
	n := c.node.Load()
	switch s := n.State(); {
	// Not the model around: a goroutine that outlives its task must not wait in the name of the
	// task's parent.
	case s.Over():
		return nil // a task that has ended waits for nobody
	case s.Started():
		if m := n.Model(); m != nil {
			return m
		}
	}
	return c.beyond(ModelKey)
}

// Model returns the quartet.Model of c's own task, or nil.
func (c *Ctx) Model() any { return c.node.Load().Model() }

// Host returns the executor that has accepted c's task, also after its end, or nil.
func (c *Ctx) Host() any { return c.node.Load().Host() }

// Outside asks the contexts around c's task, without c. Current asks it for a wrapper between the
// task and the one around.
func (c *Ctx) Outside(key any) any { return c.beyond(key) }

// LabelOf returns what quartet.Label said of ctx, or "".
func LabelOf(ctx context.Context) string {
	label, _ := ctx.Value(LabelKey).(string)
	return label
}

// over is the context of a node that is over.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
