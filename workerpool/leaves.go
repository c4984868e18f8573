package workerpool

import "github.com/quartet-go/quartet/internal/task"

// runLeaves runs the leaves that are queued, until there are none or somebody needs the slot.
func (p *Pool) runLeaves(w *worker) {
	for !p.someLeaves(w) {
	}
}

// someLeaves is runLeaves up to a leaf that panics: it reports false then. What that means is as in
// run; the recover is installed once for many leaves. A leaf that panics ends this call, and
// runLeaves goes on with the next leaf in a new one.
func (p *Pool) someLeaves(w *worker) (done bool) {
	defer func() {
		if done {
			return
		}
		v := recover()
		w.leaves.Fail()
		if v != nil {
			task.UnlockThread()
			p.panicked(v)
			return
		}
		defer p.exit(work{leaves: true}, w)
		p.exitedBare()
	}()
	task.Unlabel()
	w.leaves.Run()
	done = true
	return done
}
