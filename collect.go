package quartet

import (
	"context"
	"iter"
	"sync"
)

// AwaitAll waits for all futures and returns their results in order, or the first error in that order; ctx bounds the
// wait. It cancels nothing: cancelling and joining is the work of [Group], [Map] and the tasks' ctx.
func AwaitAll[T any](ctx context.Context, fs ...*Future[T]) ([]T, error) {
	values := make([]T, len(fs))
	for i, f := range fs {
		v, err := f.Await(ctx)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

// Completed yields the futures in the order in which they end, with a nil error. When ctx ends first, a last pair
// carries a nil future and ctx's cause.
func Completed[T any](ctx context.Context, fs ...*Future[T]) iter.Seq2[*Future[T], error] {
	return func(yield func(*Future[T], error) bool) {
		var ended inbox[*Future[T]]
		for _, f := range fs {
			defer f.OnDone(func() { ended.put(f) })()
		}
		for range fs {
			f, err := ended.take(ctx)
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// inbox is a queue with one taker, who waits as its model waits.
type inbox[T any] struct {
	mu    sync.Mutex
	items []T
	wake  func()
}

func (b *inbox[T]) put(item T) {
	b.mu.Lock()
	b.items = append(b.items, item)
	wake := b.wake
	b.wake = nil
	b.mu.Unlock()
	if wake != nil {
		wake()
	}
}

// take returns the oldest item, waiting for one; an item wins over a ctx that has ended.
func (b *inbox[T]) take(ctx context.Context) (T, error) {
	for {
		if item, ok := b.tryTake(); ok {
			return item, nil
		}
		err := Suspend(ctx, b.arm)
		if err == nil {
			continue
		}
		if item, ok := b.tryTake(); ok {
			return item, nil
		}
		return *new(T), err
	}
}

func (b *inbox[T]) tryTake() (item T, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) == 0 {
		return item, false
	}
	item, b.items = b.items[0], b.items[1:]
	return item, true
}

func (b *inbox[T]) arm(resume func()) {
	b.mu.Lock()
	if len(b.items) == 0 {
		b.wake, resume = resume, nil
	}
	b.mu.Unlock()
	if resume != nil {
		resume()
	}
}
