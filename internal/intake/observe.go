package intake

import (
	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// step is an event in the making.
type step struct {
	event quartet.Event
	node  *task.Node
}

// step is locked: it notes what has happened to n, for Unlock to tell.
func (in *Intake) step(kind quartet.EventKind, n *task.Node) {
	if in.cfg.Observer == nil {
		return
	}
	in.steps = append(in.steps, step{node: n, event: quartet.Event{
		Kind: kind, Executor: in.cfg.Name, Lane: n.Lane, Task: n.Seq, Label: n.Label, At: in.cfg.Now(), Failed: n.Failed,
	}})
}

// takeSteps is locked. The lane of a start is known only now: the executor chooses it after it has taken the node.
func (in *Intake) takeSteps() []quartet.Event {
	if len(in.steps) == 0 {
		return nil
	}
	events := make([]quartet.Event, len(in.steps))
	for i, s := range in.steps {
		events[i] = s.event
		if s.event.Kind == quartet.EventStarted {
			events[i].Lane = s.node.Lane
		}
	}
	clear(in.steps)
	in.steps = in.steps[:0]
	return events
}

// observe calls the observer; its panic goes to OnPanic, else on.
func (in *Intake) observe(e quartet.Event) { in.Guard(func() { in.cfg.Observer.Observe(e) }) }
