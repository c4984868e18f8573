package eventloop

import "github.com/quartet-go/quartet/internal/task"

// It is called for each look at a ctx's model, and so makes nothing.
func modelOf(n *task.Node) any { return (*run)(n) }

// submit hands n over. Where a Do on this loop, by a task of it, has called, n runs at once. Do has
// put the loop into Data to say so; the mark is taken off, since Data of a started node is its
// strand. A Joined node without that mark came through a wrapper, and takes the ordinary way.
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
//
// The caller keeps its fiber, and counts as waiting while n runs on it. So a nested call costs no
// switch and no entry in a queue. It is refused like any submit.
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

// here runs n on the caller's fiber, as a plain call: a Goexit or panic is the caller's, so all
// that follows is deferred. current is n meanwhile, so that waiting words with n's ctx know
// themselves. The strand is shared: if n waits, the fiber is suspended for both. n ends before the
// parent goes on, as calls nest.
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
