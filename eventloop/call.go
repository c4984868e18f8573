package eventloop

import "github.com/quartet-go/quartet/internal/task"

func modelOf(n *task.Node) any { return (*run)(n) }

// submit hands n over. Where a Do on this loop, by a task of it, has called, n runs at once.
func (l *Loop) submit(n *task.Node) error {
	call := n.Is(task.Joined) && n.Data == l
	n.Data = nil
	if call {
		if done, err := l.callHere(n); done || err != nil {
			return err
		}
	}
	return l.in.SubmitNode(n)
}

// callHere runs n on the fiber of the task that calls it. It reports false, and has done nothing,
// when the caller is no task of this loop.
func (l *Loop) callHere(n *task.Node) (done bool, refused error) {
	caller, own := n.Outer(task.ModelKey).(*run)
	if !own || caller.loop() != l || !caller.mine() {
		return false, nil
	}
	parent := (*task.Node)(caller)
	l.in.Label(n)
	l.in.Lock()
	begun, refused := l.in.CallLocked(n, parent, parent)
	l.in.Commit()
	if begun {
		l.here(n, parent)
	}
	return begun, refused
}

// here runs n, also to a Goexit, which is the caller's.
func (l *Loop) here(n, parent *task.Node) {
	n.Data = parent.Data
	l.current.Store(n)
	defer func() {
		n.End()
		l.in.Lock()
		l.in.EndCallLocked(n, parent)
		l.in.Commit()
		l.current.Store(parent)
	}()
	n.Run()
}
