package gil

import "github.com/quartet-go/quartet/internal/task"

// submit hands n over. Where a Do on this scheduler, by a thread of it, has called, n runs at once.
// Data was set by Do, and belongs to the engine from now on: lock or strand.
func (s *Scheduler) submit(n *task.Node) error {
	call := n.Is(task.Joined) && n.Data == s
	n.Data = nil
	if call {
		if done, err := s.callHere(n); done || err != nil {
			return err
		}
	}
	return s.in.SubmitNode(n)
}

// callHere runs n on the thread of the task that calls it, which keeps the lock. It reports false
// when there is none: then nothing has happened. So a nested Do costs no switch of the lock, as a
// function call in Python costs none. mine is asked, since the context may be in the hands of
// another goroutine, which has no lock to run n under.
func (s *Scheduler) callHere(n *task.Node) (done bool, refused error) {
	caller, own := n.Outer(task.ModelKey).(*run)
	if !own || caller.scheduler() != s {
		return false, nil
	}
	parent := (*task.Node)(caller)
	if !s.engine.mine(parent) {
		return false, nil
	}
	// Before the lock, since a context's Value is the user's.
	s.in.Label(n)
	s.in.Lock()
	begun, refused := s.in.CallLocked(n, parent, parent)
	s.in.Commit()
	if begun {
		s.here(n, parent)
	}
	return begun, refused
}

// here runs n on its parent's thread, as a plain call: a Goexit or panic is the caller's, so all
// that follows is deferred. The engine is told whose turn it is meanwhile, so that waiting words
// with n's context know themselves.
func (s *Scheduler) here(n, parent *task.Node) {
	n.Data = parent.Data
	unnest := s.engine.nest(n, parent)
	// The node ends first, while the parent still counts as waiting. unnest comes last, so that
	// threadOf knows n until n is out of the numbers.
	defer func() {
		n.End()
		s.in.Lock()
		s.in.EndCallLocked(n, parent)
		s.in.Commit()
		unnest()
	}()
	n.Run()
}

// running is stored by the thread itself, which holds the lock: nobody else writes it meanwhile.
func (e *real) nest(n, parent *task.Node) (unnest func()) {
	if e.traits.Unlocked {
		return func() {}
	}
	l := n.Data.(*lock)
	l.running.Store(n)
	return func() { l.running.Store(parent) }
}

// The parent's fiber runs n, so its strand names n for as long: moved and watch ask the strand.
func (v *virtual) nest(n, parent *task.Node) (unnest func()) {
	st := n.Data.(*strand)
	st.n = n
	v.thread.Store(n)
	return func() {
		st.n = parent
		v.thread.Store(parent)
	}
}
