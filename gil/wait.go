package gil

import (
	"context"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/task"
)

// wait is one wait of a virtual thread.
type wait struct{ state atomic.Uint32 }

const (
	armed uint32 = iota // the thread still runs
	suspended
	resumed
	cut // by the end of its ctx
)

// await releases the lock until w has ended.
func (v *virtual) await(ctx context.Context, w *wait, n *task.Node) error {
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { v.resumeFrom(w, n, cut) })
		defer stop()
	}
	if w.state.CompareAndSwap(armed, suspended) {
		v.suspend(n, func(t *vthread) { v.release(t, func() { t.set(v, blockedState); t.slept = v.clock() }) })
	}
	if w.state.Load() == cut {
		return context.Cause(ctx)
	}
	return nil
}

// resumeFrom ends a wait, once, from any goroutine.
func (v *virtual) resumeFrom(w *wait, n *task.Node, how uint32) {
	if w.state.CompareAndSwap(armed, how) || !w.state.CompareAndSwap(suspended, how) {
		return
	}
	v.s.in.Lock()
	v.enter(func() { v.take(n.Data.(*vthread)) })
	v.s.in.Unlock()
}

// wakeUp is resumeFrom by an event of the machine.
func (v *virtual) wakeUp(w *wait, n *task.Node) {
	if w.state.CompareAndSwap(suspended, resumed) {
		v.take(n.Data.(*vthread))
	}
}
