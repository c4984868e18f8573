package intake

import (
	"context"
	"reflect"

	"github.com/quartet-go/quartet/internal/task"
)

// watch is one AfterFunc for all queued nodes that were submitted with the same context.
type watch struct {
	key  any
	uses int
	stop func() bool // nil until registered
}

// soon is the Watch of a queued node that needs none, as its start is certain and near.
var soon = &watch{}

// startsSoon is locked: it reports whether a queued node needs no watch, and marks it.
func (in *Intake) startsSoon(n *task.Node) bool {
	if !in.cfg.Soon || in.soon >= in.cfg.Free() || !in.Startable(n) {
		return false
	}
	n.Watch = soon
	in.soon++
	return true
}

// watchLate is locked: nodes whose start has become uncertain, since something else was first, get their watch.
func (in *Intake) watchLate() {
	if in.soon == 0 || in.soon <= in.cfg.Free() {
		return
	}
	var late []*task.Node
	for level := range in.queues {
		for n := range in.queues[level].All() {
			if n.Watch == soon {
				n.Watch = nil
				late = append(late, n)
			}
		}
	}
	in.soon = 0
	in.After(func() {
		for _, n := range late {
			in.watch(n, n.Parent())
		}
	})
}

// watchKey is the context itself, or the node where the context cannot be a map's key.
func watchKey(n *task.Node, parent context.Context) any {
	if v := reflect.ValueOf(parent); v.Kind() == reflect.Pointer || v.Comparable() { // Comparable allocates
		return parent
	}
	return n
}

// watch has n abandoned when the context it was submitted with ends while n is queued.
func (in *Intake) watch(n *task.Node, parent context.Context) {
	if parent.Done() == nil {
		return
	}
	key := watchKey(n, parent)
	in.Lock()
	if n.In == nil {
		in.Unlock()
		return
	}
	w := in.watches[key]
	fresh := w == nil
	if fresh {
		w = &watch{key: key}
		in.watches[key] = w
		in.pending++
	}
	w.uses++
	n.Watch = w
	if in.resting == w {
		in.resting = nil
	}
	in.Unlock()
	if !fresh {
		return
	}
	stop := context.AfterFunc(parent, func() { in.contextEnded(w) })
	in.Lock()
	w.stop = stop
	if w.uses == 0 && in.watches[key] == w {
		in.rest(w)
	}
	in.Unlock()
}

// unwatch is locked: n has left the queue.
func (in *Intake) unwatch(n *task.Node) {
	w := n.Watch.(*watch)
	n.Watch = nil
	if w == soon {
		in.soon--
		return
	}
	if w.uses--; w.uses == 0 && w.stop != nil && in.watches[w.key] == w {
		in.rest(w)
	}
}

// rest is locked: it keeps w for a next node with the same context, in place of the one kept before.
func (in *Intake) rest(w *watch) {
	old := in.resting
	in.resting = w
	if old != nil && old != w {
		in.forget(old)
	}
	if in.phase != open {
		in.forget(w)
	}
}

// forget is locked: it takes a watch out of use. One whose callback has begun is forgotten by that.
func (in *Intake) forget(w *watch) {
	if in.resting == w {
		in.resting = nil
	}
	delete(in.watches, w.key)
	if w.stop() {
		in.pending--
	}
}

// contextEnded runs on a goroutine of the context's.
func (in *Intake) contextEnded(w *watch) {
	in.Lock()
	if in.watches[w.key] == w {
		delete(in.watches, w.key)
	}
	if in.resting == w {
		in.resting = nil
	}
	var ended []*task.Node
	for n := range in.live.All() {
		if n.Watch == w {
			ended = append(ended, n)
		}
	}
	in.Unlock()
	for _, n := range ended {
		n.Abandon(context.Cause(n.Parent()))
	}
	in.Lock()
	in.pending--
	in.wakeDrained()
	in.Unlock()
}
