package quartet

import "context"

// Go submits fn to r and returns its future; where r waits for room, so does Go. A refusal is a future that has failed
// with the refusal's error, so nothing can be dropped silently. ctx bounds the wait for room, then the wait in the
// queue, then is the parent of the context that fn gets. It costs one allocation where ctx cannot end.
func Go[T any](ctx context.Context, r Runner, fn func(context.Context) (T, error)) *Future[T] {
	if fn == nil {
		panic("quartet: Go of a nil func")
	}
	f := &Future[T]{fn: fn}
	t := (*futureTask[T])(f)
	f.node.Init(ctx, t)
	if err := r.SubmitTask(f.node.Context(), t); err != nil {
		f.fail(err)
	}
	return f
}

// Do is a call of fn on r: it returns only when fn has returned or never will start. ctx's end reaches fn, and ends the
// wait for a start.
func Do[T any](ctx context.Context, r Runner, fn func(context.Context) (T, error)) (T, error) {
	return Go(ctx, r, fn).join(ctx)
}

// join waits for the end whatever ctx does, as the model of ctx waits.
func (f *Future[T]) join(ctx context.Context) (T, error) {
	return f.Await(context.WithoutCancel(ctx))
}
