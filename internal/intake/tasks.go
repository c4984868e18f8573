package intake

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// listing is a task on its way into a list: what needs the lock has been read, what runs user code
// has not.
type listing struct {
	status quartet.TaskStatus
	job    task.Job
	key    any // that it is held by; nil: by none
	limit  int // likewise; 0
}

// finish adds what runs user code: a key may have a String, a call a Name of its own. A panic in it
// is the caller's, who asked for the list.
func (l *listing) finish() quartet.TaskStatus {
	switch {
	case l.key != nil:
		l.status.Held = fmt.Sprintf("key %v", l.key)
	case l.limit > 0:
		l.status.Held = fmt.Sprintf("a limit of %d", l.limit)
	}
	if call, ok := quartet.As[quartet.Call](l.job); ok {
		l.status.Func = call.Name()
	}
	return l.status
}

// Tasks lists unfinished tasks, the first accepted first, at most so many: those that are queued,
// or those that have started. Leaves are not listed. It takes time in proportion to most. Its cost
// is the reason for most: a service may ask once a second with a million tasks queued. Calls and
// nodes that run without the lock are adopted first, as only the lists can be listed.
//
// The sort and all code of the user's come after the unlock.
func (in *Intake) Tasks(queued bool, most int) []quartet.TaskStatus {
	in.Lock()
	in.adoptAllLocked()
	lists := []*task.List{&in.started, &in.waiting}
	if queued {
		in.spillLocked()
		lists = []*task.List{&in.held}
		for level := range in.queues {
			lists = append(lists, &in.queues[level])
		}
	}
	var all []listing
	for _, l := range lists {
		all = in.listLocked(all, l, most)
	}
	in.Commit()
	slices.SortFunc(all, func(a, b listing) int { return cmp.Compare(a.status.Task, b.status.Task) })
	tasks := make([]quartet.TaskStatus, min(most, len(all)))
	for i := range tasks {
		tasks[i] = all[i].finish()
	}
	return tasks
}

// It looks at no more than the first nodes of a list. A list is in the order in which nodes became
// ready, started or began to wait, which need not be that of acceptance, so of a long list an older
// node may be missed.
func (in *Intake) listLocked(all []listing, l *task.List, most int) []listing {
	n := 0
	for node := range l.All() {
		if n == most {
			break
		}
		if node.Is(task.Leaf) {
			continue
		}
		n++
		listed := listing{status: in.statusLocked(node), job: node.Job}
		if node.State() == task.Held {
			stile := node.Before()
			listed.limit = stile.Cap
			if k, ok := stile.Key.(*Key); ok {
				listed.key = k.Of
			}
		}
		all = append(all, listed)
	}
	return all
}

// Since is what the stamp says: the submit of a queued node, the start of one that runs. Most nodes
// have none without Config.ExactTimes.
func (in *Intake) statusLocked(n *task.Node) quartet.TaskStatus {
	s := quartet.TaskStatus{
		Info:  quartet.Info{Executor: in.cfg.Name, Label: n.Label(), Task: n.Seq},
		State: quartet.EventStarted,
	}
	if n.Stamp != 0 {
		s.Since = in.timeOf(n.Stamp)
	}
	switch state := n.State(); {
	case state.Queued():
		s.State = quartet.EventQueued
	case state == task.Waiting, state == task.Returning:
		s.State = quartet.EventSuspended
	}
	if s.State != quartet.EventQueued && in.cfg.Goroutine != nil {
		s.Goroutine = in.cfg.Goroutine(n)
	}
	return s
}
