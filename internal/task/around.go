package task

import (
	"context"
	"iter"
)

// Around yields the tasks around ctx that have started and not ended, the nearest first.
//
// The aroundKey is answered by the nearest *Ctx whose task is not pending, so contexts of the
// user's in between do not matter.
func Around(ctx context.Context) iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for c := started(ctx); c != nil; c, _ = c.beyond(aroundKey{}).(*Ctx) {
			if n := c.node.Load(); n.State().Started() && !yield(n) {
				return
			}
		}
	}
}

func started(ctx context.Context) *Ctx {
	c, _ := ctx.Value(aroundKey{}).(*Ctx)
	return c
}

// Enclosing returns the nearest task around ctx that has started and not ended, or nil. Unlike
// Within it does not ask whose task that is.
func Enclosing(ctx context.Context) *Node {
	for n := range Around(ctx) {
		return n
	}
	return nil
}

// Within returns the nearest unfinished task of owner around ctx, or nil. A task that only other
// executors' tasks separate from ctx counts: it cannot end before they do. It is how an executor
// tells a submit from inside: the contexts of the user's in between do not matter, but a context
// that was cut off by WithoutCancel still counts, as only its end is.
func Within(ctx context.Context, owner Owner) *Node {
	for c := started(ctx); c != nil; c, _ = c.beyond(aroundKey{}).(*Ctx) {
		if n := c.node.Load(); n.State().Started() && n.Owner() == owner {
			return n
		}
	}
	return nil
}
