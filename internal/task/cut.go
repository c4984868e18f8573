package task

import (
	"context"
	"reflect"
)

// A Layer is a context that adds nothing to the one under it but what tasks and executors know of
// themselves. Package quartet's own contexts are layers. To leave them out keeps a chain of
// detached tasks from growing by one of them for each task.
type Layer interface {
	context.Context
	Under() context.Context
}

// withoutCancel is the type of what context.WithoutCancel returns, a struct that holds its parent.
var withoutCancel = reflect.TypeOf(context.WithoutCancel(context.Background()))

// belowWithoutCancel returns the task's context whose end ctx keeps off, or nil: ctx is
// context.WithoutCancel of it.
//
// A task that submits its successor so, for ever, makes a chain in which each link holds the one
// before. The standard library keeps such a chain too, and offers no way to look into it; so this
// looks at its type, and finds nothing, which only costs memory, should that change. Without it, a
// service whose tasks submit each other for months would keep every context that it ever had. The
// tests of clause 14 of the contract notice such a change.
func belowWithoutCancel(ctx context.Context) *Ctx {
	if ctx.Done() != nil || reflect.TypeOf(ctx) != withoutCancel {
		return nil
	}
	v := reflect.ValueOf(ctx)
	// Each step asks for exactly the shape of today; any other shape means that it has changed.
	if v.NumField() != 1 || v.Field(0).Kind() != reflect.Interface {
		return nil
	}
	inner := v.Field(0).Elem()
	if inner.Type() != reflect.TypeFor[*Ctx]() {
		return nil
	}
	return (*Ctx)(inner.UnsafePointer())
}

// uncancelled returns ctx's values without its end, and without the layers that hold no value of
// the user's. It goes down through any number of such layers, until a context holds something of
// the user's or can end.
func uncancelled(ctx context.Context) context.Context {
	for {
		switch c := ctx.(type) {
		case *Ctx:
			ctx = c.foreign
			continue
		case Layer:
			ctx = c.Under()
			continue
		}
		if p := belowWithoutCancel(ctx); p != nil {
			ctx = p.foreign
			continue
		}
		if ctx.Done() == nil {
			return ctx
		}
		return context.WithoutCancel(ctx)
	}
}
