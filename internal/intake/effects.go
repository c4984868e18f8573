package intake

import (
	"context"

	"github.com/quartet-go/quartet/internal/task"
)

// Effect is one thing that follows from a critical section, done without the lock. A pointer to
// something that exists already costs no allocation as an Effect, and so workers, visitors and
// returning tasks are their own effects.
type Effect interface{ Apply() }

// Effects are all of them, in order. Its zero value holds none. Most sections have one effect or
// none, which first holds without a slice.
//
// Run is called once. An effect that panics keeps the later ones from running; so hooks of the
// user's run within Guard.
type Effects struct {
	first Effect
	rest  []Effect
}

// Run applies the effects.
func (e *Effects) Run() {
	if e.first == nil {
		return
	}
	e.first.Apply()
	for _, x := range e.rest {
		x.Apply()
	}
}

func (e *Effects) add(x Effect) {
	if e.first == nil {
		e.first = x
	} else {
		e.rest = append(e.rest, x)
	}
}

// ThenLocked has x applied once the lock is released.
func (in *Intake) ThenLocked(x Effect) { in.effects.add(x) }

// AfterLocked has fn called once the lock is released. It costs the closure; an effect that is
// frequent has a type of its own.
func (in *Intake) AfterLocked(fn func()) { in.effects.add(call(fn)) }

type call func()

func (fn call) Apply() { fn() }

// SettleLocked makes the invariant true: it lets in the blocked submitters for whom there is room
// by now, and offers the executor the queued nodes. The caller releases the lock, and runs what it
// returns. A round may lead to another one: submitters that come in are fresh nodes, nodes that
// start make room. It ends, as each round moves a node forward.
//
// Gate, watches and events come after the rounds, since they follow from the state that those have
// reached.
//
// It reads effects last: granting, starting and telling add to them.
func (in *Intake) SettleLocked() Effects {
	for in.roomy || in.fresh {
		if in.roomy {
			in.roomy = false
			in.grantLocked()
		}
		if in.fresh {
			in.fresh = false
			in.cfg.Ready()
		}
	}
	in.setGateLocked()
	in.watchLateLocked()
	if len(in.steps) > 0 {
		in.tellLocked()
	}
	e := in.effects
	in.effects = Effects{}
	return e
}

// abandonment is a queued node that is to be abandoned. The cause is looked up without the lock:
// context.Cause asks the user's context.
type abandonment struct {
	node  *task.Node
	cause error // nil: that of the node's context
}

func (a abandonment) Apply() {
	if a.cause == nil {
		a.cause = context.Cause(a.node.Parent())
	}
	a.node.Abandon(a.cause)
}
