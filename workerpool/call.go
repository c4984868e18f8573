package workerpool

import (
	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// submit hands n over, by the rule of a view where that is not nil. via is the Runner of the call:
// if that was a Do, n may run at once. n.Data is the Runner of a Do until here. A Do that was given
// a wrapper has that there, and is queued.
func (p *Pool) submit(n *task.Node, rule *intake.Rule, via quartet.Runner) error {
	call := n.Is(task.Joined) && n.Data == via
	if n.Data = nil; rule != nil {
		n.Data = rule
	}
	if call {
		if done, err := p.callHere(n); done || err != nil {
			return err
		}
	}
	return p.in.SubmitNode(n)
}

// callHere runs n on the calling goroutine, which is its submitter's, if that costs no more than a
// slot: where one is free and nobody is queued before n, or where the caller is a task of this
// pool, on that one's slot. It reports false otherwise: then nothing has happened.
//
// There are two ways. BeginCall takes a slot by an atomic step, without the lock, where nobody
// waits for anything. If that fails, the lock is taken, and the question is asked exactly.
func (p *Pool) callHere(n *task.Node) (done bool, refused error) {
	model := n.Outer(task.ModelKey)
	caller, own := model.(*run)
	if model != nil && (!own || caller.pool() != p) {
		return false, nil // another model's goroutine is not to be kept
	}
	parent := (*task.Node)(caller)
	p.in.Label(n)
	if c, begun := p.in.BeginCall(n, parent); begun {
		p.here(n, parent, &c)
		return true, nil
	}
	within := task.Within(n.Submitter(), &p.in)
	p.in.Lock()
	begun := false
	if p.maySkipQueueLocked(n, parent) {
		if begun, refused = p.in.CallLocked(n, within, parent); begun && parent == nil {
			n.Lane = p.takeLaneLocked()
			p.slots++
		}
	}
	p.in.Commit()
	if begun {
		p.here(n, parent, nil)
	}
	return begun, refused
}

// maySkipQueueLocked reports whether n may start at once. A parent that waits already is no caller:
// a foreign goroutine uses its context. A task's call runs on its own slot, so no slot need be
// free; only a higher priority that is queued goes first. Under a Clock a call from outside is
// queued: its goroutine has no turn.
func (p *Pool) maySkipQueueLocked(n, parent *task.Node) bool {
	if parent != nil {
		return runs(parent) && (n.Level <= parent.Level || p.in.LenLocked() == 0)
	}
	return p.cfg.Clock == nil && p.freeLocked() > 0 && p.in.NobodyWaitsLocked()
}

// here runs n on the calling goroutine. A Goexit in n ends the caller too; the slot is given back.
// c is how n began; nil: under the lock.
func (p *Pool) here(n, parent *task.Node, c *intake.Call) {
	defer p.leaveHere(n, parent, c)
	n.Run()
}

// leaveHere takes n back. Its parent goes on in its slot, unless a foreign goroutine has lent that
// in n's name.
//
// The cases: c began without the lock and ends so; a call from outside gives its slot back; a call
// of a task hands the slot back to that, or waits for a slot if it was lent meanwhile.
func (p *Pool) leaveHere(n, parent *task.Node, c *intake.Call) {
	n.End()
	if c != nil && c.End() {
		return
	}
	p.in.Lock()
	var back *returning
	switch lent := p.in.LentLocked(n); {
	case parent == nil:
		p.releaseLocked(n)
		p.lanes = append(p.lanes, n.Lane)
		p.dispatchLocked()
	case lent:
		p.releaseLocked(n)
		back = p.comeBackLocked(parent)
		p.dispatchLocked()
	case !parent.State().Suspended(): // a foreign goroutine has called, and the task has ended
		p.releaseLocked(n)
		p.dispatchLocked()
	default:
		p.in.EndCallLocked(n, parent)
	}
	p.in.Commit()
	if back != nil {
		back.wait(p)
	}
}
