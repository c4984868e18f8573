package workerpool

import (
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/leaf"
	"github.com/quartet-go/quartet/internal/task"
)

// runLeaves runs the entries of the lane, leaves and tasks, until there are none or somebody needs
// the slot. It returns the work that w gives back: its place at the lane, or a node that was taken
// over.
func (p *Pool) runLeaves(w *worker) work {
	for !p.someLeaves(w) {
	}
	return w.ranLeaves()
}

// ranLeaves returns the work that w, which runs no leaves any more, has to give back.
func (w *worker) ranLeaves() work {
	if n := w.leaves.Adopted(); n != nil {
		return work{node: n}
	}
	return work{leaves: true}
}

// someLeaves is runLeaves up to an entry that panics: it reports false then. What that means is as
// in run; the recover is installed once for many entries. An entry that panics ends this call, and
// runLeaves goes on with the next one in a new call.
func (p *Pool) someLeaves(w *worker) (done bool) {
	defer func() {
		if done {
			return
		}
		v := recover()
		n := w.leaves.Fail()
		if v != nil {
			task.UnlockThread()
			p.panicked(v)
			return
		}
		defer func() { p.exit(w.ranLeaves(), w) }()
		if n == nil || !intake.IsFuture(n) {
			p.exitedBare()
		}
	}()
	task.Unlabel()
	w.leaves.Run()
	done = true
	return done
}

// consumerLocked returns the consumer of the worker that runs n, if a worker does. A call on its
// submitter's goroutine has a lane number too, but no worker, hence OnCaller.
func (p *Pool) consumerLocked(n *task.Node) *leaf.Consumer {
	if w := p.byLane[n.Lane]; w != nil && !n.Is(task.OnCaller) {
		return &w.leaves
	}
	return nil
}
