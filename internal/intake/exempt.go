package intake

import (
	"context"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// SubmitExempt accepts n without asking for room, and so without waiting: for an executor whose waiting tasks cannot lend
// to every queued one, so that a wait for room could be one for ever. It refuses as Submit does otherwise.
func (in *Intake) SubmitExempt(n *task.Node) error {
	parent := n.Parent()
	within := task.Within(parent, in)
	n.Label = task.LabelOf(parent)
	in.Lock()
	var err error
	switch {
	case parent.Err() != nil:
		err = context.Cause(parent)
	case in.phase == closed, in.phase == draining && within == nil:
		err = quartet.ErrClosed
	}
	if err != nil {
		in.stats.Rejected++
	} else {
		in.accept(n)
	}
	in.Unlock()
	if err == nil {
		in.watch(n, parent)
	}
	return err
}
