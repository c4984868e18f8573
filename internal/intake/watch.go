package intake

import (
	"context"
	"weak"

	"github.com/quartet-go/quartet/internal/task"
)

// startsSoonLocked reports whether a queued node needs no watch, since its start is certain and
// near, and notes it. A registration costs more than a short task, and most of these nodes start
// before it would be made. claimLocked looks at their contexts in place of a watch. soon has at
// most as many nodes as slots are free.
func (in *Intake) startsSoonLocked(n *task.Node) bool {
	if !in.cfg.Soon || in.soon.Len() >= in.cfg.Free() || !in.StartableLocked(n) {
		return false
	}
	in.soon.Add(n)
	return true
}

// watchLateLocked has nodes watched whose start has become uncertain, since something else was
// first. The last ones go first: the oldest still start first. It runs at the end of each section.
func (in *Intake) watchLateLocked() {
	for in.soon.Len() > 0 && in.soon.Len() > in.cfg.Free() {
		n := in.soon.Last()
		in.soon.Remove(n)
		in.AfterLocked(func() { in.watch(n) })
	}
}

// watch has n abandoned when the context it was submitted with ends while n is queued. All queued
// nodes whose contexts share a Done share one registration. It is called without the lock, and so
// checks again whether n is still queued. Only the first node of a new watch registers; the others
// join it. Between the submit's unlock and this lock n may have started or ended: then nothing is
// to be watched.
func (in *Intake) watch(n *task.Node) {
	parent := n.Parent()
	done := parent.Done()
	if done == nil {
		return
	}
	in.Lock()
	if !in.queuedHereLocked(n) {
		in.Unlock()
		return
	}
	w, fresh := in.watchLocked(done)
	w.Add(n)
	in.Unlock()
	if fresh {
		in.register(w, parent)
	}
}

// queuedHereLocked reports whether n, which is no leaf, is in the queue.
func (in *Intake) queuedHereLocked(n *task.Node) bool {
	return n.In != nil && !n.Is(task.Leaf) && n.In != &in.started && n.In != &in.waiting
}

// watchLocked returns the watch of a Done. fresh: it is new, and the caller has to register it. To
// register whenever a node is alone in its watch would be too often: that one may have come while
// the watch was being registered for another, which has gone. The watch holds the executor until
// its registration is over or rests, so that Close leaves no callback behind.
func (in *Intake) watchLocked(done <-chan struct{}) (w *task.Watch, fresh bool) {
	if w = in.watches[done]; w != nil {
		return w, false
	}
	// Not one that is over: it has told of the end, and would not do so for the next node, which
	// may have been accepted just before.
	if w = in.resting.Value(); w != nil && w.Of == done && w.State == task.Resting {
		w.State = task.Watching
		in.resting = weak.Pointer[task.Watch]{}
	} else {
		w, fresh = &task.Watch{Of: done}, true
	}
	in.watches[done] = w
	in.HoldLocked()
	return w, fresh
}

// register asks parent to tell of its end. The nodes may all have gone meanwhile, and the end may
// have come. If the end comes at once, contextEnded has run before Stop is known. It leaves the
// state at over, and then nothing rests.
func (in *Intake) register(w *task.Watch, parent context.Context) {
	stop := in.cfg.AfterFunc(parent, func() { in.contextEnded(w) })
	in.Lock()
	w.Stop = stop
	if w.State == task.Registering {
		w.State = task.Watching
		in.unwatchedLocked(w)
	}
	in.Commit()
}

// unwatchLocked: n has left the queue. It is called for each node that leaves the queue with a
// watch.
func (in *Intake) unwatchLocked(n *task.Node) {
	w := n.Watch
	w.Remove(n)
	in.unwatchedLocked(w)
}

// unwatchedLocked has a watch rest that watches nothing, in place of the one that rested before: a
// registration costs more than a task. The intake holds it weakly, since it leads to the context. A
// watch that is still registering is left to register, which looks again.
func (in *Intake) unwatchedLocked(w *task.Watch) {
	if w.State != task.Watching || w.Len() > 0 {
		return
	}
	delete(in.watches, w.Of)
	in.endRestLocked()
	w.State = task.Resting
	in.resting = weak.Make(w)
	in.ReleaseLocked(1)
	if in.phase != open {
		in.endRestLocked()
	}
}

// endRestLocked gives up the watch that rests, if its context is there still. The weak pointer
// gives nil once its context, and with it the watch, is garbage.
func (in *Intake) endRestLocked() {
	w := in.resting.Value()
	in.resting = weak.Pointer[task.Watch]{}
	if w != nil && w.State == task.Resting {
		w.State = task.Over
		in.ThenLocked(unregister(w.Stop))
	}
}

// unregister is the effect that ends a registration.
type unregister func() bool

func (stop unregister) Apply() { stop() }

// contextEnded runs on a goroutine of the context's. It takes the lock for each node anew, so that
// nobody waits for all. A node that another goroutine has just claimed is no longer among those of
// w: whoever took it out of the queue took it out of the watch, in the same section.
//
// held is read before the state changes: a watch that rested, or was given up, has given its hold
// back already.
func (in *Intake) contextEnded(w *task.Watch) {
	in.Lock()
	held := w.State == task.Registering || w.State == task.Watching
	w.State = task.Over
	if in.watches[w.Of] == w {
		delete(in.watches, w.Of)
	}
	for n := w.Last(); n != nil; n = w.Last() {
		w.Remove(n)
		in.ThenLocked(abandonment{node: n})
		in.Commit()
		in.Lock()
	}
	if held {
		in.ReleaseLocked(1)
	}
	in.Commit()
}
