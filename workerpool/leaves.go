package workerpool

import "github.com/quartet-go/quartet"

// runLeaves runs the leaves that are queued, until there are none or somebody needs the slot.
func (p *Pool) runLeaves(w *worker) {
	for !p.someLeaves(w) {
	}
}

// someLeaves is runLeaves up to a leaf that panics: it reports false then. What that means is as in run; the recover is
// installed once for many leaves.
func (p *Pool) someLeaves(w *worker) (done bool) {
	defer func() {
		if done {
			return
		}
		if v := recover(); v != nil {
			if p.cfg.OnPanic == nil {
				panic(v)
			}
			w.leaves.Fail()
			p.cfg.OnPanic(quartet.NewPanicError(v))
			return
		}
		defer p.endLeaves(w)
		w.leaves.Fail()
		if p.cfg.OnPanic != nil {
			p.cfg.OnPanic(quartet.ErrGoexit)
		}
	}()
	w.leaves.Run()
	done = true
	return done
}

// endLeaves gives the slot back, on a goroutine that is over.
func (p *Pool) endLeaves(w *worker) {
	p.in.Lock()
	p.lanes = append(p.lanes, w.lane)
	p.leaveLeaves(w)
	p.dispatch()
	p.in.Unlock()
}

// leaveLeaves is locked.
func (p *Pool) leaveLeaves(w *worker) {
	p.slots--
	p.in.Leave(&w.leaves)
}
