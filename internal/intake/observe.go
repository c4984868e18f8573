package intake

import (
	"slices"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// step is an event in the making. The node is kept for its lane, which is known when the section
// settles.
type step struct {
	event quartet.Event
	node  *task.Node
}

// stepLocked notes a step of n. at is its time as a stamp, where that has been taken already: a
// reading of the clock costs as much as the rest of an event. 0: it is now.
func (in *Intake) stepLocked(kind quartet.EventKind, n *task.Node, at int64) {
	if in.observers.Load() == nil {
		return
	}
	if at == 0 {
		at = in.now()
	}
	in.steps = append(in.steps, step{node: n, event: quartet.Event{
		Kind: kind, Executor: in.cfg.Name, Lane: int(n.Lane), Task: n.Seq, Label: n.Label(), At: in.timeOf(at),
		Failed: n.HasFailed(),
	}})
}

// tellLocked makes effects of the steps. The lane of a start is known only now: the executor
// chooses it after it has taken the node. Events of one section are told in the order of its steps.
// The effects of two sections may run at the same time, so an observer sees their events mixed,
// each with its time. The events are kept with the list that is valid now: a stop that comes before
// they are told does not take them back.
func (in *Intake) tellLocked() {
	for _, s := range in.steps {
		if s.event.Kind == quartet.EventStarted {
			s.event.Lane = int(s.node.Lane)
		}
		in.ThenLocked(&telling{in, *in.observers.Load(), s.event})
	}
	clear(in.steps)
	in.steps = in.steps[:0]
}

// telling calls the observers; the panic of one goes to OnPanic, else on. It keeps the list that
// was valid in its section, so an observer may be told for a moment after its stop.
type telling struct {
	in    *Intake
	to    []*observer
	event quartet.Event
}

func (t *telling) Apply() {
	for _, o := range t.to {
		t.in.Guard(func() { o.Observe(t.event) })
	}
}

// observer is one of those who are told. Its address tells two equal ones apart.
type observer struct{ quartet.Observer }

// changeObservers replaces the list. A list itself is never changed, so that effects may keep it.
//
// One section: the list is stored before the calls are adopted, so that a call which begins in
// between looks at the new list, and adopts itself.
func (in *Intake) changeObservers(change func([]*observer) []*observer) {
	in.Lock()
	var all []*observer
	if old := in.observers.Load(); old != nil {
		all = *old
	}
	if all = change(all); len(all) == 0 {
		in.observers.Store(nil)
	} else {
		in.observers.Store(&all)
	}
	in.adoptAllLocked() // so that their ends are told; after the Store, which a consumer looks at
	in.setNestedLocked()
	in.Commit()
}

// Watch has the events of the nodes sent to o, besides the executor's own observer, from now until
// stop is called. Leaves go through the lock meanwhile. stop may be called more than once, and from
// anywhere outside the lock.
func (in *Intake) Watch(o quartet.Observer) (stop func()) {
	if o == nil {
		panic(in.cfg.Package + ": Watch of a nil Observer")
	}
	mine := &observer{o}
	in.changeObservers(func(all []*observer) []*observer { return append(slices.Clip(all), mine) })
	return func() {
		in.changeObservers(func(all []*observer) []*observer {
			return slices.DeleteFunc(slices.Clone(all), func(x *observer) bool { return x == mine })
		})
	}
}
