package quartet

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/quartet-go/quartet/internal/task"
)

// AwaitAll waits for all futures and returns their results in order, or the first error in that
// order; ctx bounds the wait. It cancels nothing: cancelling and joining is the work of [Group],
// [Map] and the tasks' ctx. A future that fails behind one that runs for long is seen only when its
// turn comes; [Completed] tells sooner.
func AwaitAll[T any](ctx context.Context, fs ...*Future[T]) ([]T, error) {
	allMade("AwaitAll", ctx, fs)
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

// Completed yields each future when it ends, with a nil error. If ctx ends first, the last pair has
// a nil future and ctx's cause. If all futures that are left wait for the calling task's own key,
// the last pair has a nil future and [ErrDeadlock]. The futures' hooks put them into an inbox.
// Leaving the loop early takes the hooks out again.
func Completed[T any](ctx context.Context, fs ...*Future[T]) iter.Seq2[*Future[T], error] {
	allMade("Completed", ctx, fs)
	return func(yield func(*Future[T], error) bool) {
		var ended inbox[*Future[T]]
		for _, f := range fs {
			// A loop over a few futures defers a few calls. They run when the loop is left, in
			// whatever way: a hook that stays would keep the inbox, and all that ended, as long as
			// its future lives.
			defer f.OnDone(func() { ended.put(f) })()
		}
		yielded := 0
		// It is asked only before a wait, and walks over all futures then: n futures cost n walks
		// at most, and only inside a task with a key (allHeldBy looks at that first).
		stuck := func() bool { return allHeldBy(ctx, unended(fs, yielded)) }
		for ; yielded < len(fs); yielded++ {
			f, err := ended.take(ctx, stuck)
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// allMade panics when the call was given a nil Context, or a future that is nil or that no submit
// has made. It is asked before any wait, so that a mistake is found in each run and not only where
// that future is reached.
func allMade[T any](call string, ctx context.Context, fs []*Future[T]) {
	if ctx == nil {
		panic("quartet: " + call + " with a nil Context")
	}
	for i, f := range fs {
		switch {
		case f == nil:
			panic(fmt.Sprintf("quartet: %s of a nil Future, number %d of %d", call, i+1, len(fs)))
		case f.node.Job == nil:
			panic(fmt.Sprintf("quartet: %s of a Future that no submit has made, number %d of %d", call, i+1, len(fs)))
		}
	}
}

// unended returns those of fs that have not ended, or nil when more than yielded have. An ended
// future that has not been yielded means that the next take has something: it is yielded here too,
// so that allHeldBy says no. yielded counts futures and does not name them: each ended one is put
// once, so the counts can be compared.
func unended[T any](fs []*Future[T], yielded int) iter.Seq[*Future[T]] {
	return func(yield func(*Future[T]) bool) {
		ended := 0
		for _, f := range fs {
			if f.ended() {
				ended++
			}
			if !f.ended() || ended > yielded {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// allHeldBy reports whether all of fs are queued behind the key that the calling task holds, so
// that waiting for the next of them would never end. It is asked before each wait, on the task's
// goroutine. One future that somebody else can end is enough to say no. A future of another
// executor, or one that has started, can end without this task, so Holds says no to it.
func allHeldBy[T any](ctx context.Context, fs iter.Seq[*Future[T]]) bool {
	h, ok := modelOf(ctx).(task.KeyHolder)
	if !ok || !h.HoldsKey() {
		return false
	}
	for f := range fs {
		if f.ended() || !h.Holds(&f.node) {
			return false
		}
	}
	return true
}

// inbox is a queue with one taker, who waits as its model waits. wake is the resume of the taker's
// Suspend; nil while it does not wait. Any number of goroutines put.
type inbox[T any] struct {
	// mu guards items and wake. wake is called without mu, since it runs the taker. wake is taken
	// out in the section that puts the item: so each resume is called once at most, though resume
	// itself would bear more.
	mu    sync.Mutex
	items []T
	wake  func()
}

// It must be called without a lock, since wake runs code of a model.
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

// take returns the oldest item, waiting for one; an item wins over a ctx that has ended. stuck is
// asked before a wait whether that would never end.
func (b *inbox[T]) take(ctx context.Context, stuck func() bool) (T, error) {
	for {
		if item, ok := b.tryTake(); ok {
			return item, nil
		}
		if stuck() {
			return *new(T), ErrDeadlock
		}
		err := Suspend(ctx, b.arm)
		// Suspend returns when resume was called, and says nothing of the items: so they are looked
		// at again.
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
	item = b.items[0]
	b.items[0] = *new(T) // or the slice would keep it
	// The slice moves on over its array. When the array is full, append starts a new one, and the
	// old one is garbage.
	b.items = b.items[1:]
	return item, true
}

// It looks under the lock: an item that came before it waits for nobody's wake-up.
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
