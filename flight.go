package quartet

import (
	"context"
	"maps"
)

// flight holds the calls of a [Map] that are in flight, and says which result comes next. Only the
// loop over Map uses it.
type flight[T any] struct {
	order    []*Future[T] // a ring: the oldest is at first
	first, n int

	unordered map[*Future[T]]struct{} // in place of order; nil: the results come in order
	ended     inbox[*Future[T]]
}

func newFlight[T any](unordered bool) *flight[T] {
	f := &flight[T]{}
	if unordered {
		f.unordered = make(map[*Future[T]]struct{})
	}
	return f
}

// Len is how many results are to come.
func (l *flight[T]) Len() int { return l.n }

func (l *flight[T]) add(f *Future[T]) {
	l.n++
	if l.unordered != nil {
		l.unordered[f] = struct{}{}
		f.OnDone(func() { l.ended.put(f) })
		return
	}
	if l.n > len(l.order) {
		l.grow()
	}
	l.order[l.at(l.n-1)] = f
}

// at is where the i-th oldest future is.
func (l *flight[T]) at(i int) int { return (l.first + i) % len(l.order) }

func (l *flight[T]) grow() {
	larger := make([]*Future[T], max(8, 2*len(l.order)))
	n := copy(larger, l.order[l.first:])
	copy(larger[n:], l.order[:l.first])
	l.order, l.first = larger, 0
}

// next waits for the future whose result comes next. The error is that of the wait.
func (l *flight[T]) next(ctx context.Context) (f *Future[T], err error) {
	if l.unordered != nil {
		if f, err = l.ended.take(ctx, func() bool { return allHeldBy(ctx, maps.Keys(l.unordered)) }); err == nil {
			delete(l.unordered, f)
			l.n--
		}
		return f, err
	}
	f = l.order[l.first]
	if err = f.join(ctx); err == nil {
		l.order[l.first] = nil // or the slice would keep the result
		l.first = l.at(1)
		l.n--
	}
	return f, err
}

// all yields the futures.
func (l *flight[T]) all(yield func(*Future[T]) bool) {
	for f := range l.unordered {
		if !yield(f) {
			return
		}
	}
	for i := range l.n {
		if l.unordered != nil || !yield(l.order[l.at(i)]) {
			return
		}
	}
}
